"""Forty simulated experiments of all kinds, drawn at random: everything that is reported of them is true.

The whole of it is `python -m benchmarks.seeded_experiments`, two thousand of them (docs/measured.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from benchmarks.seeded_experiments import result
from benchmarks.seeded_experiments.drawing import CACHES, KINDS, LOSSES, REPLICAS, SMALL_SEEDS, Drawn, draw
from benchmarks.seeded_experiments.intervals import Intervals
from benchmarks.seeded_experiments.oracle import Oracle
from benchmarks.seeded_experiments.result import Done, experiment
from benchmarks.seeded_experiments.running import Commits, run
from benchmarks.seeded_experiments.scenes import scenes
from benchmarks.seeded_experiments.world import World
from chaos.model import Verdict, VerdictOutcome
from tests.sandboxed import Ran

# Of what is compared, the least of which there must be something in forty experiments.
_VERDICTS = {"fault-took-effect", "steady-state", "identity-kept", "single-identity", "recovered-within"}
_INTERVALS = {"lost", "recovered", "lasting", "old-stopped", "ready", "stable", "transition", "client outage", "outage"}


@cache
def done(seed: int) -> Done:
    return experiment(seed)


@pytest.mark.parametrize("seed", range(SMALL_SEEDS))
def test_what_is_reported_is_true(seed: int) -> None:
    assert done(seed).violations == []


def test_these_are_all_kinds_and_everything_was_compared() -> None:
    drawn = [draw(seed) for seed in range(SMALL_SEEDS)]
    of: dict[str, Callable[[Drawn], object]] = {
        "kind": lambda one: one.kind,
        "replicas": lambda one: one.replicas,
        "loss": lambda one: one.loss,
        "cache": lambda one: one.cache,
        "with agents": lambda one: bool(one.vantages),
    }
    wanted = {"kind": KINDS, "replicas": REPLICAS, "loss": LOSSES, "cache": CACHES, "with agents": (True, False)}
    assert {what: {get(one) for one in drawn} for what, get in of.items()} == {k: set(v) for k, v in wanted.items()}
    total = result.Total()
    for seed in range(SMALL_SEEDS):
        total.add(done(seed))
    assert {checker for checker, _, _ in total.verdicts} == _VERDICTS
    assert {"ok", "fail"} <= {outcome for _, outcome, _ in total.verdicts}
    assert set(total.intervals) >= _INTERVALS
    assert total.width <= result.PROMISED_WIDTH


@cache
def deletion() -> tuple[Ran, Commits]:
    """One pod of three is deleted and comes back in time."""
    drawn = next(one for one in map(draw, range(SMALL_SEEDS)) if one.kind == "delete" and one.within_s > 5)
    return run(replace(drawn, replicas=3, loss=0.0, reuse=False, cache="reverse names"))


def test_an_interval_that_misses_the_truth_is_found() -> None:
    """The comparison itself can fail: the same run, with a truth that is off by a second."""
    ran, commits = deletion()
    world = World(Ran(ran.result, ran.truth, ran.zero_s - 1.0), commits)
    claims = list(Intervals(world, ran.history, scenes(world, ran.history)).claims())
    missed = {claim.kind for claim in claims if not claim.holds}
    assert missed >= {"lost", "recovered", "lasting", "created", "ready"}


@pytest.mark.parametrize("checker", sorted(_VERDICTS))
def test_a_verdict_against_the_truth_is_found(checker: str) -> None:
    ran, commits = deletion()
    world = World(ran, commits)
    truth = Oracle(world, ran.history, scenes(world, ran.history), resolution_s=0.0, asked_s=0.0).judge(checker)
    assert truth.true
    one = Done(draw(0))
    result.weigh(one, Verdict(checker, VerdictOutcome.OK, ""), truth)
    assert (one.violations, one.judged, one.decided) == ([], 1, 1)
    result.weigh(one, Verdict(checker, VerdictOutcome.UNKNOWN, ""), truth)
    assert (one.violations, one.judged, one.decided) == ([], 2, 1)
    result.weigh(one, Verdict(checker, VerdictOutcome.FAIL, ""), truth)
    assert len(one.violations) == 1
