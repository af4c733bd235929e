"""What is asked seldom: nothing is held against a cluster that was asked too early."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chaos.analysis.checkers.steady_state import steady_state
from chaos.analysis.reading import Reading
from chaos.errors import SteadyStateError
from chaos.experiment import DeletePod, Experiment, Options, Run, find_experiment
from chaos.model import VerdictOutcome
from tests.sandboxed import Ran, run_sandboxed

PERIOD_S = 4.0


def deleted(tmp_path: Path, within_s: float, grace_s: int) -> Ran:
    """One pod is deleted, and everything is asked every four seconds; it is back after grace period and 1.5 s."""

    async def method(run: Run) -> None:
        await run.steady_state(within_s=300)
        async with run.inject(DeletePod(run.target.pods[0], grace_s=grace_s)):
            await run.steady_state(within_s=within_s)

    experiment: Experiment = replace(find_experiment("identity-persistence"), method=method, probes=("dns",))
    options = Options(trials=1, within_s=within_s, period_s=PERIOD_S, max_qps=None)
    return run_sandboxed(tmp_path, options, experiment=experiment, overrides={"datagram_loss": (0.0, 0.0)})


def test_a_state_that_was_right_in_time_is_not_missed_for_want_of_a_look(tmp_path: Path) -> None:
    """The newest answers were from before the pod was back."""
    ran = deleted(tmp_path, within_s=2.5, grace_s=1)
    assert ran.result.error is None
    assert steady_state(Reading(ran.history)).outcome is VerdictOutcome.OK


def test_one_that_is_wrong_after_the_deadline_is_missed(tmp_path: Path) -> None:
    ran = deleted(tmp_path, within_s=0.3, grace_s=1)
    assert isinstance(ran.result.error, SteadyStateError)
    verdict = steady_state(Reading(ran.history))
    assert verdict.outcome is VerdictOutcome.FAIL
    assert "within 0.3 s" in verdict.summary


def test_whose_a_new_address_is_is_asked_at_once_however_long_its_period(tmp_path: Path) -> None:
    """Ten periods are most of a minute; so long nothing could be said of the pod's identity."""
    ran = deleted(tmp_path, within_s=60, grace_s=1)
    target = ran.history.faults[0].targets[0]
    of_pod = [s for s in ran.history.series if s.record.startswith("PTR ") and s.pod == target.name]
    sent_ns = [ran.history.samples[s.id].sent_ns[0] for s in of_pod if s.name != reverse(target.address)]
    assert len(sent_ns) == 3  # views
    assert max(sent_ns) - min(sent_ns) <= 0.1e9


def reverse(address: str) -> str:
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"
