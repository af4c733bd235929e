"""Every interval that the tool reports of a run, each with whether the truth lies in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from benchmarks.seeded_experiments.scenes import (
    KEPT,
    NEW,
    OLD,
    POD_A,
    PTR,
    Records,
    Scene,
    entered,
    lasting_since,
    left,
    right_since,
)
from benchmarks.seeded_experiments.world import World
from chaos.analysis.reading import Reading
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.stages import Timeline, timelines
from chaos.model import History, Interval

SERVICE = "service"
# An answer may be of any instant between its question and itself; stragglers take up to 0.15 s (a model's slowest).
_ROUND_TRIPS_S = 0.3
# Their requests delete the pod; other deletions are known by what the watch showed.
_ASKED_TO_DELETE = ("delete-pod", "force-delete-pod", "delete-pods", "evict-pod")


@dataclass(frozen=True, slots=True)
class Claim:
    """An interval, and whether it holds.

    Attributes:
        kind: such as ``recovered``.
        truth: the instants of which one should lie in it, as text for people.
        width: in periods plus a round trip's allowance; None where its width says nothing about sampling.
    """

    kind: str
    what: str
    interval: Interval
    holds: bool
    truth: str
    width_s: float | None = None
    period_s: float = 0.0


def covers_any(interval: Interval, instants: list[int]) -> bool:
    """Whether one of them may be the instant that is meant."""
    return any(interval.covers(at) for at in instants)


def seconds(instants: list[int]) -> str:
    """For people."""
    return ", ".join(f"{at / 1e9:.6f}" for at in instants) or "none"


class Intervals:
    """The claims of one run."""

    def __init__(self, world: World, history: History, scenes: list[Scene]) -> None:
        self._world, self._history = world, history
        self._reading = Reading(history)
        self._scenes = {(s.fault.trial, s.target.name): s for s in scenes}
        self._periods = {s.id: s.period_s for s in history.series}

    def claims(self) -> Iterator[Claim]:
        """Of every recovery and every time line."""
        for recovery in recoveries(self._reading):
            scene = self._scenes[recovery.trial.key]
            yield from self._of_recovery(recovery, scene)
        for timeline in timelines(self._reading):
            yield from self._of_timeline(timeline, self._scenes[timeline.trial.key])

    # ---- DNS records ----

    def _of_recovery(self, recovery: Recovery, scene: Scene) -> Iterator[Claim]:
        records = Records(self._world, self._history, scene)
        replicas = self._world.views(recovery.view)
        from_ns, to_ns = recovery.trial.baseline_ns, scene.end_ns
        kind = recovery.kind.value
        lost = [list(self._lost(records, kind, r, scene, from_ns, to_ns)) for r in replicas]
        kept = [list(self._lost(records, kind, r, scene, from_ns, to_ns, again=True)) for r in replicas]
        back = [list(self._back(records, kind, r, scene, to_ns)) for r in replicas]
        gone = [list(self._back(records, kind, r, scene, to_ns, again=True)) for r in replicas]
        what = f"trial {recovery.trial.number} {recovery.record} @ {recovery.view} from {recovery.vantage}"
        period_s = self._period_s(recovery)
        if recovery.lost is not None:
            yield self._claim("lost", what, recovery.lost, _first_of(lost, kept), period_s)
        if recovery.recovered is not None and recovery.recovered.before_ns is not None:
            yield self._claim("recovered", what, recovery.recovered, _first_of(back, gone), period_s)
        for name in ("recovered", "lasting"):
            found = getattr(recovery, name)
            if found is not None and found.before_ns is None:
                yield self._censored(f"{name} (censored)", what, found, records, kind, replicas, scene)
        if recovery.lasting is not None and recovery.lasting.before_ns is not None:
            yield self._lasting(recovery, what, records, replicas, scene, period_s)
        if recovery.outcome is RecoveryOutcome.NEVER_LOST:
            yield self._never_lost(recovery, what, records, replicas, scene)

    def _claim(self, kind: str, what: str, interval: Interval, truths: list[int], period_s: float) -> Claim:
        width_ns = interval.width_ns
        width_s = None if width_ns is None else width_ns / 1e9
        return Claim(kind, what, interval, covers_any(interval, truths), seconds(truths), width_s, period_s)

    def _lost(
        self,
        records: Records,
        kind: str,
        replica: str,
        scene: Scene,
        from_ns: int,
        to_ns: int,
        *,
        again: bool = False,
    ) -> Iterator[int]:
        """When a server stopped giving the old address; `again`: when it gave it again."""
        turns = entered if again else left
        if kind == PTR:
            return turns(records.reverse(replica, scene.target.address), (KEPT,), from_ns, to_ns)
        return turns(records.states(kind, replica), (OLD, KEPT), from_ns, to_ns)

    def _back(
        self, records: Records, kind: str, replica: str, scene: Scene, to_ns: int, *, again: bool = False
    ) -> Iterator[int]:
        """When a server began to give the new address; `again`: when it stopped."""
        turns = left if again else entered
        if kind == PTR:
            states = records.reverse(replica, scene.new_address) if scene.new_address else None
            return iter(()) if states is None else turns(states, (KEPT,), scene.sent_ns, to_ns)
        return turns(records.states(kind, replica), (NEW, KEPT), scene.sent_ns, to_ns)

    def _censored(
        self,
        kind: str,
        what: str,
        found: Interval,
        records: Records,
        record: str,
        replicas: tuple[str, ...],
        scene: Scene,
    ) -> Claim:
        """It was last seen wrong at that instant: then it was right for good only later, or not at all."""
        since = [right_since(records.right(record, r), scene.sent_ns - 1, scene.end_ns) for r in replicas]
        holds = any(at is None or at > found.after_ns for at in since)
        return Claim(kind, what, found, holds or found.after_ns <= scene.sent_ns, seconds([a for a in since if a]))

    def _lasting(
        self,
        recovery: Recovery,
        what: str,
        records: Records,
        replicas: tuple[str, ...],
        scene: Scene,
        period_s: float,
    ) -> Claim:
        """Right for good at every server: the last of them. Shorter wrong times than the longest gap go unseen."""
        assert recovery.lasting is not None
        unseen_ns = recovery.longest_gap_ns + round(_ROUND_TRIPS_S * 1e9)
        kind = recovery.kind.value
        since = [list(lasting_since(records.right(kind, r), scene.sent_ns, scene.end_ns, unseen_ns)) for r in replicas]
        claim = self._claim("lasting", what, recovery.lasting, _last_of(since), period_s)
        return claim if recovery.view != SERVICE else replace(claim, width_s=None)

    def _never_lost(
        self, recovery: Recovery, what: str, records: Records, replicas: tuple[str, ...], scene: Scene
    ) -> Claim:
        """It means: not for longer than the longest time between two answers."""
        longest_ns = 0
        for replica in replicas:
            turns = records.right(recovery.kind.value, replica).turns(bool, scene.sent_ns, scene.end_ns)
            instants = [scene.sent_ns, *(at for at, _ in turns), scene.end_ns]
            right = [records.right(recovery.kind.value, replica).value(at) for at in instants]
            longest_ns = max(
                [longest_ns, *(b - a for a, b, ok in zip(instants, instants[1:], right, strict=False) if not ok)]
            )
        seen = Interval(0, recovery.longest_gap_ns + round(_ROUND_TRIPS_S * 1e9))
        return Claim("never lost", what, seen, seen.covers(max(1, longest_ns)), f"lost for {longest_ns / 1e9:.6f} s")

    def _period_s(self, recovery: Recovery) -> float:
        return next(
            s.period_s
            for s in self._history.series
            if s.probe == "dns"
            and s.view == recovery.view
            and s.vantage == recovery.vantage
            and s.record.partition(" ")[0] == recovery.record.partition(" ")[0]
        )

    # ---- time lines ----

    def _of_timeline(self, timeline: Timeline, scene: Scene) -> Iterator[Claim]:
        instants = self._boundaries(scene)
        if scene.fault.fault in _ASKED_TO_DELETE or timeline.trial.origin.seen:
            instants["accepted"] = lambda: [] if scene.hit_ns is None else [scene.hit_ns]
        for boundary in timeline.boundaries:
            if boundary.interval is None or boundary.key not in instants:
                continue
            what = f"trial {scene.fault.trial} {scene.target.name}"
            truths = instants[boundary.key]()
            if boundary.key in ("tcp", "http"):
                holds = self._reached_in(boundary.interval, truths)
            elif boundary.interval.before_ns is None:
                # It had not come by the last look, or not for the last time.
                holds = max(truths, default=boundary.interval.after_ns + 1) > boundary.interval.after_ns
            else:
                holds = covers_any(boundary.interval, truths)
            yield Claim(boundary.key, what, boundary.interval, holds, seconds(truths))

    def _reached_in(self, interval: Interval, truths: list[int]) -> bool:
        """A client is sent to one server or another: it may succeed from the first one's change on, and fail up to the
        last one's; so its first success may lie in this interval.
        """
        if truths and len(truths) == len(self._world.replicas) and interval.after_ns > truths[-1]:
            return False
        return interval.before_ns is None or (bool(truths) and truths[0] <= interval.before_ns)

    def _boundaries(self, scene: Scene) -> dict[str, Callable[[], list[int]]]:
        new = {} if scene.new is None else scene.new.at_ns

        def step(steps: dict[str, int], key: str) -> list[int]:
            return [steps[key]] if key in steps else []

        found: dict[str, Callable[[], list[int]]] = {
            "old-stopped": lambda: self._stopped(scene),
            "old-gone": lambda: step(scene.old.at_ns, "gone"),
            "created": lambda: step(new, "created"),
            "scheduled": lambda: step(new, "scheduled"),
            "addressed": lambda: step(new, "addressed"),
            "ready": lambda: step(new, "ready"),
            "endpoint-not-ready": lambda: self._endpoint(scene, scene.target.uid, ready=False),
            "stable": lambda: self._stable(scene),
            "tcp": lambda: self._reached(scene),
            "http": lambda: self._reached(scene),
        }
        if scene.new is not None:
            uid = scene.new.uid
            found["endpoint-ready"] = lambda: self._endpoint(scene, uid, ready=True)
        return found

    def _stopped(self, scene: Scene) -> list[int]:
        serves = self._world.who_serves(scene.target.address)
        turns = serves.turns(lambda who: who == scene.target.name, scene.sent_ns - 10**10, scene.until_ns + 10**10)
        return [at for at, now in turns if not now]

    def _endpoint(self, scene: Scene, uid: str, *, ready: bool) -> list[int]:
        turns = self._world.endpoints.turns(lambda uids: uid in uids, scene.sent_ns - 1, scene.end_ns)
        return [at for at, now in turns if now == ready]

    def _stable(self, scene: Scene) -> list[int]:
        """When the last of the servers was right for good; wrong times that are shorter than a period go unseen."""
        records = Records(self._world, self._history, scene)
        period_s = max(s.period_s for s in self._history.series if s.probe == "dns" and s.pod == scene.target.name)
        unseen_ns = round((period_s + _ROUND_TRIPS_S) * 1e9)
        return _last_of(
            [
                list(lasting_since(records.right(POD_A, r), scene.sent_ns, scene.end_ns, unseen_ns))
                for r in self._world.replicas
            ]
        )

    def _reached(self, scene: Scene) -> list[int]:
        """By server: when its answer led to the new pod, and that served; the first one first."""
        if not scene.new_address or scene.new_address == scene.target.address:
            return []
        records = Records(self._world, self._history, scene)
        serves = self._world.who_serves(scene.new_address)
        began = [
            at for at, now in serves.turns(lambda who: who == scene.target.name, scene.sent_ns, scene.end_ns) if now
        ]
        found = []
        for replica in self._world.replicas:
            back = list(entered(records.states(POD_A, replica), (NEW,), scene.sent_ns, scene.end_ns))
            if back and began:
                found.append(max(back[0], began[0]))
        return sorted(found)


def _last_of(since: list[list[int]]) -> list[int]:
    """When each server may be held to be right for good, by what it may be held to be each."""
    return sorted({at for one in since for at in one if all(one and min(one) <= at for one in since)})


def _first_of(by_server: list[list[int]], undone: list[list[int]]) -> list[int]:
    """The first change of any server; where one of them changed more than once, or back again, any change."""
    if all(len(one) == 1 and all(at < one[0] for at in back) for one, back in zip(by_server, undone, strict=True)):
        return [min(one[0] for one in by_server)]
    return sorted(at for one in by_server for at in one)
