"""The truth lies in every interval of every agent, whatever its clock is like, whenever its stream is cut."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

from chaos.agents.pod.skew import Skew
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.engine.conclusion import ending_of, exit_code
from chaos.errors import InconclusiveError
from chaos.experiment import Options
from chaos.model import VerdictOutcome
from chaos.report.markdown import report_markdown
from chaos.vantage import Vantage
from tests.agents.memory import Agent
from tests.agents.through import cut_now_and_then, through
from tests.sandboxed import claims, random_delays, run_sandboxed
from tests.saying import said
from tests.test_ground_truth import deletions_only

TRIALS = 3
SKEWS = (
    Skew(offset_s=12.5, drift=3e-4),
    Skew(offset_s=-4.0, drift=-2e-4, step_s=0.006, step_at_s=9.0),
    Skew(step_s=-0.4, step_at_s=7.0),
)
RECORDS_AND_VIEWS = 6
RTT_S = 0.003


def skewed(vantage: Vantage) -> Iterator[Agent]:
    """Agents with wrong clocks."""
    rng = random.Random(7)
    for skew in SKEWS:
        yield Agent(vantage, skew, lambda: rng.uniform(0.0001, RTT_S / 2))


async def cut(number: int, agent: Agent) -> None:
    await cut_now_and_then(agent, random.Random(number), 1, 6)


def test_the_truth_lies_in_every_interval_of_every_agent(tmp_path: Path) -> None:
    options = Options(trials=TRIALS, grace_s=1, period_s=0.02, max_qps=None)
    ran = run_sandboxed(
        tmp_path,
        options,
        overrides=random_delays(1),
        experiment=deletions_only(),
        kind=through(skewed, cut),
    )
    assert ran.result.error is None
    made = list(claims(ran))
    # Each lost and recovered; what fell into a jump of a clock is unknown and claims nothing.
    assert TRIALS * 2 * RECORDS_AND_VIEWS * 2 < len(made) <= TRIALS * (2 * RECORDS_AND_VIEWS * len(SKEWS) + 1)
    assert [c for c in made if not c.holds] == []
    gaps = [d["vantage"] for _, what, d in ran.history.marks if what == "vantage-gap"]
    assert set(gaps) == {"agent-0", "agent-1", "agent-2"}
    assert [d for _, what, d in ran.history.marks if what == "vantage-lost"] == []


def alone(vantage: Vantage) -> Iterator[Agent]:
    yield Agent(vantage, Skew(), lambda: 0.0005)


async def lose(_: int, agent: Agent) -> None:
    """Its node goes away in the first trial."""
    await asyncio.sleep(7)
    agent.down = "no route to host"
    agent.streams[-1].cut()


def test_a_run_that_lost_its_only_agent_is_inconclusive_and_readable(tmp_path: Path) -> None:
    options = Options(trials=3, grace_s=30, period_s=0.02, max_qps=None)
    ran = run_sandboxed(tmp_path, options, experiment=deletions_only(), kind=through(alone, lose, nodes_are_known=True))
    assert isinstance(ran.result.error, InconclusiveError)
    assert "agent-0" in ran.result.error.message
    assert "no route to host" in ran.result.error.message
    assert ran.result.leftovers == []
    verdicts = judge(Reading(ran.history), ran.history.meta.parameters["checkers"])
    assert VerdictOutcome.FAIL not in {verdict.outcome for verdict in verdicts}
    assert exit_code(verdicts, ran.history.status, [ran.result.error], rollback_failed=False) == 4
    ending = ending_of(ran.history, verdicts)
    assert "no route to host" in report_markdown(Reading(ran.history), said(ran.history), ending)
    assert ran.history.meta.measurement["dns_queries"] > 0


def test_a_claim_that_misses_the_truth_is_found(tmp_path: Path) -> None:
    """The check itself can fail."""
    options = Options(trials=1, grace_s=1, period_s=0.02, max_qps=None)
    ran = run_sandboxed(tmp_path, options, experiment=deletions_only(), kind=through(skewed, cut))
    ran.zero_s -= 1
    assert not all(c.holds for c in claims(ran))
