"""A watch that stalls without breaking makes nothing fail, and nothing pass that it hid."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

import kubesim
from chaos.analysis.division import divisions
from chaos.analysis.reading import Reading
from chaos.analysis.stages import timelines
from chaos.analysis.trials import trials
from chaos.cli.saved import Conclusion, conclude
from chaos.experiment import Experiment, Options, Workload, find_experiment
from kubesim import VirtualTimeLoop
from tests.sandboxed import Ran, claims, run_on

MAIN = find_experiment("identity-persistence")
SLOW = replace(
    MAIN, workload=Workload(("web-slow-to-end.yaml", "web-clusterip.yaml"), statefulset="web", service="web", port=80)
)
OPTIONS = Options(trials=1, grace_s=1, period_s=0.1, max_qps=None, within_s=10)
KINDS = ("Pod", "EndpointSlice", "StatefulSet", "Service")


def stalled(
    tmp_path: Path,
    stalls: Collection[tuple[float, float]],
    options: Options = OPTIONS,
    kinds: Collection[str] = KINDS,
    experiment: Experiment = MAIN,
) -> tuple[Ran, Conclusion]:
    """Run it; `stalls`: when open watches fall silent, in seconds of the run, and for how long."""

    async def main() -> Ran:
        sandbox = kubesim.Cluster(seed=1)
        await sandbox.start()
        loop = asyncio.get_running_loop()
        for at_s, for_s in stalls:
            loop.call_later(at_s, sandbox.api.stall_watches, *kinds)
            loop.call_later(at_s + for_s, sandbox.api.resume_watches)
        try:
            return await run_on(sandbox, tmp_path, options, experiment)
        finally:
            await sandbox.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        ran = runner.run(main())
    return ran, conclude(ran.result.folder, ran.history, ran.result.error, experiment)


@pytest.mark.parametrize("seed", range(int(os.environ.get("CHAOS_TEST_STALLS", "5"))))
def test_no_stalled_run_fails_and_none_claims_what_was_hidden(tmp_path: Path, seed: int) -> None:
    rng = random.Random(f"stall/{seed}")
    stalls = [(rng.uniform(1, 7), rng.choice((0.5, 3.0, 8.0, 1e4)))]
    kinds = rng.choice((KINDS, ("Pod",), ("EndpointSlice",)))
    limit_s = rng.choice((2.0, 3.0, 10.0))  # also so short that it ends in the stall
    twice = seed % 3 == 0  # a forced deletion of a pod that takes its time: then two serve at once
    options = replace(OPTIONS, within_s=limit_s, grace_s=None if twice else 1, force=twice)
    ran, conclusion = stalled(tmp_path, stalls, options, kinds, SLOW if twice else MAIN)
    said = {v.checker: (str(v.outcome), v.summary) for v in conclusion.said.verdicts}
    if twice:
        assert said.pop("single-identity")[0] != "ok"
        assert conclusion.ending.exit_code in (1, 4)
    else:
        assert conclusion.ending.exit_code in (0, 4), ran.result.error
    assert "fail" not in {outcome for outcome, _ in said.values()}, (stalls, limit_s, said)
    wrong = [claim for claim in claims(ran) if not claim.holds]
    assert wrong == [], (stalls, wrong)


def test_what_was_seen_late_bounds_no_duration(tmp_path: Path) -> None:
    ran, conclusion = stalled(tmp_path, [(2.0, 1e4)], replace(OPTIONS, trials=1))
    assert any("stalled" in gap.reason for gap in ran.history.gaps)
    (line,) = timelines(Reading(ran.history))
    late = [boundary.key for boundary in line.boundaries if boundary.late]
    assert "ready" in late
    (trial,) = trials(Reading(ran.history))
    assert line.between("ready", "dns-back") is None
    (divided,) = divisions(Reading(ran.history))
    assert all(part.length is None for part in divided.parts if part.key in ("addressed", "ready", "endpoint-ready"))
    assert divided.cause is None
    answer = next(a.answer for a in conclusion.said.answers if "quickly" in a.question)
    assert "No single part is known to make half of the outage." in answer
    ready = next(b.interval for b in line.boundaries if b.key == "ready")
    assert ready is not None
    truth = [f.at_s for f in ran.truth.of("serving", trial.target.name, trial.life.new_address) if f.value]
    assert ready.after_ns <= ran.ns(truth[0]) <= (ready.before_ns or 0)
