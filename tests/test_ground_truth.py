"""The truth, which the sandbox knows, lies in every interval that the tool reports.

In virtual time, on clusters whose every delay is scaled by a random factor, `tests/test_seeded_experiments.py` shows it
of forty experiments, and `make bench` of a thousand trials at a short period.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chaos.experiment import DeletePod, Experiment, Options, Run, find_experiment
from tests.sandboxed import Ran, claims, run_sandboxed

RECORDS_AND_VIEWS = 6  # two A records in three views
INSTANTS = 2 * RECORDS_AND_VIEWS + 1  # each lost and recovered, and the end of the old container


def deletions_only() -> Experiment:
    """The main experiment's trials without its contrast, with the probes whose claims the truth can judge."""

    async def method(run: Run) -> None:
        await run.steady_state(within_s=120)
        for pod in run.turns():
            async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)):
                await run.steady_state(within_s=120)

    return replace(find_experiment("identity-persistence"), method=method, probes=("dns", "address"))


def assert_covered(ran: Ran, trials: int) -> None:
    assert ran.result.error is None
    made = list(claims(ran))
    assert len(made) == trials * INSTANTS
    assert [c for c in made if not c.holds] == []


def test_the_truth_lies_in_every_interval_with_real_sockets_in_real_time(tmp_path: Path) -> None:
    options = Options(trials=1, grace_s=1, period_s=0.01, max_qps=None)
    ran = run_sandboxed(tmp_path, options, realtime=True, experiment=deletions_only())
    assert_covered(ran, trials=1)
    assert ran.history.meta.measurement["dns_queries"] > 0


def test_a_claim_that_misses_the_truth_is_found(tmp_path: Path) -> None:
    """The check itself can fail: the same run, with a truth that is off by a second."""
    ran = run_sandboxed(tmp_path, Options(trials=1, grace_s=1, max_qps=None), experiment=deletions_only())
    ran.zero_s -= 1
    assert not all(c.holds for c in claims(ran))
