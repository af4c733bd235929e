"""Cluster DNS that is overloaded is asked less often, and what is measured stays true.

That outages are no overload: `test_dns_health.py`, and of whole experiments `tests/experiments/test_node_loss.py`,
`test_dns_outage.py` and, with random delays, `python -m benchmarks.dns_overload`.
"""

from __future__ import annotations

from pathlib import Path

from chaos.analysis.asked_less import asked_less
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.experiment import Options, find_experiment
from chaos.model import History, VerdictOutcome
from chaos.model.pace import PACE
from tests.sandboxed import claims, run_sandboxed


def unanswered(history: History, from_ns: float, to_ns: float) -> float:
    """The share of the DNS questions of a time."""
    asked = [s.outcome.status for s in Reading(history).sampled(round(from_ns), round(to_ns), probe="dns")]
    return asked.count("TIMEOUT") / len(asked)


def test_an_overloaded_server_gets_fewer_questions_until_it_answers_again(tmp_path: Path) -> None:
    """Two servers that answer 150 queries a second each, asked 200 times: every answer comes too late in the end.

    Without backing off 97 % stay unanswered and the run ends inconclusive (`python -m benchmarks.dns_overload`).
    """
    ran = run_sandboxed(tmp_path, Options(trials=1), overrides={"dns_capacity": (150, 150)})
    assert ran.result.error is None
    ((at_ns, _, details),) = [mark for mark in ran.history.marks if mark[1] == PACE]
    assert details["factor"] == 2
    before, after = (at_ns - 2e9, at_ns - 1e9), (at_ns + 4e9, ran.history.faults[-1].ended_ns or 0)
    assert unanswered(ran.history, *before) > 0.9
    assert unanswered(ran.history, *after) < 0.01
    assert [claim for claim in claims(ran) if not claim.holds] == []
    verdicts = judge(Reading(ran.history), find_experiment("identity-persistence").checkers)
    assert {verdict.outcome for verdict in verdicts} <= {VerdictOutcome.OK, VerdictOutcome.UNKNOWN}
    (sentence,) = asked_less(Reading(ran.history))
    assert "up to 2 times less often than planned, every 82.0 ms at each view" in sentence
