"""Runs a drawn experiment on the sandbox in virtual time, and keeps what really happened beside what was recorded."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import kubesim
from benchmarks.seeded_experiments.drawing import CACHES, Drawn
from benchmarks.seeded_experiments.methods import experiment_of
from chaos.agents.pod.skew import Skew
from chaos.engine.execution import Execution
from chaos.experiment import Options
from chaos.vantage import Vantage
from kubesim import VirtualTimeLoop
from kubesim.store import Change
from tests.agents.memory import Agent
from tests.agents.through import cut_now_and_then, through
from tests.sandboxed import Ran, run_on

_RTT_S = 0.003


@dataclass
class Commits:
    """Every write of the simulated API server that the truth log does not have: (seconds, change)."""

    clock: asyncio.AbstractEventLoop
    pods: list[tuple[float, Change]] = field(default_factory=list)
    slices: list[tuple[float, Change]] = field(default_factory=list)
    nodes: list[tuple[float, Change]] = field(default_factory=list)

    def saw(self, change: Change) -> None:
        kept = {"Pod": self.pods, "EndpointSlice": self.slices, "Node": self.nodes}.get(change.kind)
        if kept is not None:
            kept.append((self.clock.time(), change))


def run(drawn: Drawn) -> tuple[Ran, Commits]:
    """Run it.

    Raises:
        BaseException: the sandbox failed.
    """

    async def main(folder: Path) -> tuple[Ran, Commits]:
        sandbox = kubesim.Cluster(
            seed=drawn.seed,
            overrides=drawn.delays | {"datagram_loss": (drawn.loss, drawn.loss)},
            corefile=CACHES[drawn.cache],
            reuse_addresses=drawn.reuse,
        )
        commits = Commits(asyncio.get_running_loop())
        sandbox.store.subscribe(commits.saw)
        kind = _through_agents(drawn) if drawn.vantages else Execution
        try:
            await sandbox.start()
            ran = await run_on(sandbox, folder / "reports", _options(drawn), experiment_of(drawn, folder), kind=kind)
        finally:
            await sandbox.stop()
        return ran, commits

    with tempfile.TemporaryDirectory() as name, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main(Path(name)))


def _options(drawn: Drawn) -> Options:
    return Options(
        within_s=drawn.within_s,
        grace_s=drawn.grace_s,
        force=drawn.kind == "force-delete",
        period_s=drawn.period_s,
        connect_period_s=drawn.connect_period_s,
        max_qps=None,
    )


def _through_agents(drawn: Drawn) -> type[Execution]:
    """Probes from agents of this process with wrong clocks, whose streams are cut now and then."""
    rng = random.Random(f"agents/{drawn.seed}")
    skews = [
        Skew(
            offset_s=rng.uniform(-20, 20),
            drift=rng.uniform(-3e-4, 3e-4),
            step_s=rng.choice((0.0, 0.006, -0.4)),
            step_at_s=rng.uniform(2, 30),
        )
        for _ in range(drawn.vantages)
    ]

    def agents(vantage: Vantage) -> Iterator[Agent]:
        for skew in skews:
            yield Agent(vantage, skew, lambda: rng.uniform(0.0001, _RTT_S / 2))

    return through(agents, lambda _, agent: cut_now_and_then(agent, random.Random(rng.random()), 2, 10))
