"""An address that goes from one pod of the target to another is asked about anew."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.seeded_experiments.drawing import Drawn, draw
from benchmarks.seeded_experiments.running import run
from benchmarks.seeded_experiments.world import World

# Pods of one node get their addresses back in another order than they lost them.
SEED = 2


def swapped() -> Drawn:
    one = draw(SEED)
    return replace(
        one, replicas=3, hit=3, reuse=True, loss=0.0, vantages=0, cache="reverse names", within_s=40.0, period_s=0.1
    )


def test_an_address_that_another_pod_takes_over_is_asked_whose_it_is_now() -> None:
    """Else the steady state would be reached without its reverse name, which CoreDNS may keep for the old pod."""
    ran, commits = run(swapped())
    assert ran.result.error is None
    world = World(ran, commits)
    target = ran.history.meta.target
    pods = [pod for pod in world.pods if pod.name.startswith(f"{target['statefulset']}-")]
    names = {address: {pod.name for pod in pods if pod.address == address} for address in {p.address for p in pods}}
    assert any(len(owners) > 1 for owners in names.values())
    asked = {(s.pod, s.record.removeprefix("PTR ")) for s in ran.history.series if s.record.startswith("PTR ")}
    assert asked >= {(pod.name, pod.address) for pod in pods}
