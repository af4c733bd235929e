"""Samples of an agent arrive once each, and their instants hold whatever its clock and its stream do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from chaos.agents.pod.skew import Skew
from chaos.agents.session import AgentSession
from chaos.clock import RunClock
from chaos.model import Series
from chaos.model.recording import Recorder
from chaos.probes import DnsView
from kubesim import run_virtual
from tests.agents.memory import Agent
from tests.fakes import FakeVantage, answer, recorder

VIEWS = (DnsView("service", "10.96.0.10"),)
RTT_S = 0.004


class World:
    """One agent whose DNS server answers after a millisecond; knows when each query really left."""

    def __init__(self, folder: Path, skew: Skew, seed: int = 0, way_s: tuple[float, float] = (0.0001, 0.002)) -> None:
        rng = random.Random(seed)
        self.clock: RunClock
        self.recorder: Recorder
        self.clock, self.recorder = recorder(folder)
        self.vantage = FakeVantage(lambda query: [(0.001, answer(query, "10.244.1.7"))])
        self.agent = Agent(self.vantage, skew, lambda: rng.uniform(*way_s))
        self.fate = ""
        self.session = AgentSession("agent-0", "node-1", self.agent.open, self.clock, self.recorder, lambda: self.fate)
        self.keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.session.start(VIEWS, 1.0)
        self.keeper = asyncio.create_task(self.session.keep_talking())

    def open(self, period_s: float = 0.01, name: str = "web-1.web") -> Series:
        series = self.recorder.open_series(
            probe="dns",
            record=f"A {name}",
            view="service",
            pod="web-1",
            name=f"{name}.x.svc.cluster.local",
            period_s=period_s,
            timeout_s=1.0,
            vantage="agent-0",
        )
        self.session.open(series, 80, 0.0)
        return series

    async def stop(self) -> None:
        await self.session.finish()
        await self.agent.end()

    def marks(self, what: str) -> list[dict[str, object]]:
        return [details for _, kind, details in self.recorder.history.marks if kind == what]

    def bounds(self, series: Series) -> list[tuple[int, int]]:
        samples = self.recorder.history.samples[series.id]
        return list(zip(samples.sent_ns, samples.received_ns, strict=True))


def in_world(
    folder: Path,
    story: Callable[[World], Awaitable[None]],
    skew: Skew | None = None,
    seed: int = 0,
    way_s: tuple[float, float] = (0.0001, 0.002),
) -> World:
    async def main() -> World:
        world = World(folder, skew or Skew(), seed, way_s)
        await world.start()
        await story(world)
        await world.stop()
        world.recorder.close()
        return world

    return run_virtual(main())


SKEWS = [
    Skew(),
    Skew(offset_s=5.0),
    Skew(offset_s=-3600.0, drift=2e-4),
    Skew(drift=-5e-4),
    Skew(step_s=0.004, step_at_s=1.1),
    Skew(offset_s=0.1, drift=1e-4, step_s=-0.004, step_at_s=1.6),
    Skew(step_s=0.3, step_at_s=1.3),
    Skew(step_s=-0.3, step_at_s=1.3),
]


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("seed", range(3))
def test_a_query_really_left_and_was_answered_within_its_recorded_instants(
    tmp_path: Path, skew: Skew, seed: int
) -> None:
    async def story(world: World) -> None:
        world.open()
        await asyncio.sleep(3)

    world = in_world(tmp_path, story, skew, seed)
    bounds = world.bounds(world.recorder.history.series[0])
    left_ns = [round((at_s - world.clock.zero_s) * 1e9) for at_s, _ in world.vantage.sent]
    assert len(bounds) > 200
    for (sent_ns, received_ns), true_ns in zip(bounds, left_ns, strict=False):
        assert sent_ns <= true_ns + 1  # to the rounding of a nanosecond
        assert received_ns >= true_ns + 1_000_000 - 1


def test_a_period_that_the_runner_changes_is_in_force_at_the_agent(tmp_path: Path) -> None:
    """Also answers that come too late are told, by which an overload is known."""

    async def story(world: World) -> None:
        series = world.open(period_s=0.01)
        await asyncio.sleep(1)
        world.session.pace({series.id: 0.1})
        world.vantage.responder = lambda query: [(1.5, answer(query, "10.244.1.7"))]
        await asyncio.sleep(3)

    world = in_world(tmp_path, story)
    sent_ns = world.recorder.history.samples[0].sent_ns
    assert 95 <= sum(at_ns < 1.1e9 for at_ns in sent_ns) <= 110
    apart = {round((b - a) / 1e7) for a, b in pairwise(sent_ns) if a > 1.3e9}
    assert apart == {10}
    assert world.session.too_late()["service"] > 10


def test_the_error_bound_is_half_a_round_trip(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.open()
        await asyncio.sleep(2)

    world = in_world(tmp_path, story, Skew(offset_s=7.0))
    clock = world.session.counters()["clock"]
    assert clock["bound_max_ms"] <= RTT_S * 1000 / 2
    assert abs(clock["offset_start_ms"] - 7000) <= RTT_S * 1000
    widths = [received - sent for sent, received in world.bounds(world.recorder.history.series[0])]
    assert max(widths) <= (0.001 + 2 * RTT_S) * 1e9


def test_far_from_the_cluster_intervals_are_wider_and_nothing_is_unknown(tmp_path: Path) -> None:
    """A laptop behind a VPN: 60 to 120 ms for a round trip."""

    async def story(world: World) -> None:
        world.open()
        await asyncio.sleep(5)

    world = in_world(tmp_path, story, Skew(offset_s=3.0, drift=1e-4), way_s=(0.03, 0.06))
    assert world.marks("clock-unsure") == []
    bounds = world.bounds(world.recorder.history.series[0])
    left_ns = [round((at_s - world.clock.zero_s) * 1e9) for at_s, _ in world.vantage.sent]
    assert len(bounds) > 400
    for (sent_ns, received_ns), true_ns in zip(bounds, left_ns, strict=False):
        assert sent_ns <= true_ns + 1
        assert true_ns + 1_000_000 - 1 <= received_ns
        assert received_ns - sent_ns <= 250_000_000


def test_a_stream_that_is_cut_just_before_the_end_costs_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.open()
        await asyncio.sleep(2)
        world.agent.streams[-1].cut()

    world = in_world(tmp_path, story)
    assert world.marks("vantage-lost") == []
    assert len(world.bounds(world.recorder.history.series[0])) > 195


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_and_nothing_counts_twice_over_many_cuts(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)

    async def story(world: World) -> None:
        world.open()
        for number in range(8):
            await asyncio.sleep(rng.uniform(0.05, 0.9))
            world.agent.streams[-1].cut()
            world.open(name=f"web-{number}.late")  # a command that is cut off, or sent while there is no stream
        await asyncio.sleep(2)

    world = in_world(tmp_path, story, seed=seed)
    history = world.recorder.history
    assert world.marks("vantage-lost") == []
    assert 5 <= len(world.marks("vantage-gap")) <= 8  # a cut while it reconnects belongs to the same gap
    assert sum(len(samples) for samples in history.samples.values()) == world.session.samples
    for series in history.series:
        scheduled = list(history.samples[series.id].scheduled_ns)
        steps = {round((b - a) / 1e7) for a, b in pairwise(scheduled)}
        assert steps == {1}, series.record  # each slot once, none missing
        received = list(history.samples[series.id].received_ns)
        assert received == sorted(received)


def test_a_step_of_the_clock_is_told(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.open()
        await asyncio.sleep(3)

    world = in_world(tmp_path, story, Skew(step_s=0.3, step_at_s=1.3))
    (span,) = world.marks("clock-unsure")
    assert span["vantage"] == "agent-0"
    assert span["from_ns"] <= 1.3e9 <= span["to_ns"]  # type: ignore[operator]
    assert span["moved_ns"] >= 0.29e9  # type: ignore[operator]


def test_an_agent_that_does_not_come_back_is_lost_with_what_it_delivered(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.open()
        await asyncio.sleep(2)
        world.agent.down = "its node is gone"
        world.agent.streams[-1].cut()
        await asyncio.sleep(60)

    world = in_world(tmp_path, story)
    (lost,) = world.marks("vantage-lost")
    assert "its node is gone" in world.session.lost
    assert lost["samples"] == world.session.samples > 100
    (at_ns,) = [at for at, what, _ in world.recorder.history.marks if what == "vantage-lost"]
    assert all(received <= at_ns + 1e7 for _, received in world.bounds(world.recorder.history.series[0]))


def test_a_pod_that_cannot_come_back_is_given_up_at_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(1)
        world.fate = "pod chaos-agents-0 is Failed: Evicted"
        world.agent.streams[-1].cut()
        await asyncio.sleep(1)
        assert "Evicted" in world.session.lost

    in_world(tmp_path, story)


def test_a_question_is_answered_there(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        found = await world.session.resolve("web-1.web.x.svc.cluster.local", "A", "service", 1.0)
        assert found.values == ("10.244.1.7",)

    in_world(tmp_path, story)


def test_a_closed_series_is_sampled_no_more(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        series = world.open()
        await asyncio.sleep(1)
        world.session.close(series.id)
        await asyncio.sleep(0.5)
        before = len(world.recorder.history.samples[series.id])
        await asyncio.sleep(2)
        assert len(world.recorder.history.samples[series.id]) == before > 50

    in_world(tmp_path, story)
