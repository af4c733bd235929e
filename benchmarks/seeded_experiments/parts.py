"""What the tool says of how an outage divides, and of its cause."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.seeded_experiments.intervals import Claim, seconds
from benchmarks.seeded_experiments.scenes import NEW, POD_A, Records, Scene, entered
from benchmarks.seeded_experiments.world import World
from chaos.analysis.division import BACK, CAUSES, PARTS, Division, Part, divisions
from chaos.analysis.reading import Reading
from chaos.model import History

_NS_PER_S = 1_000_000_000
_MOST, _FINE = 0.6, 0.05
_STEPS = ("created", "scheduled", "addressed", "ready")


class PartClaims:
    """The claims about the parts of each outage of one run."""

    def __init__(self, world: World, history: History, scenes: list[Scene]) -> None:
        self._world, self._history = world, history
        self._scenes = {(s.fault.trial, s.target.name): s for s in scenes}

    def claims(self) -> Iterator[Claim]:
        """Of every part between two steps whose true instants are known, and of every named cause."""
        for divided in divisions(Reading(self._history)):
            steps = self._steps(self._scenes[divided.trial.key])
            yield from self._parts(divided, [key for key, _ in PARTS], divided.parts, steps)
            yield from self._parts(divided, [end for _, _, end in CAUSES], divided.causes, steps)

    def _parts(
        self, divided: Division, ends: list[str], parts: tuple[Part, ...], steps: dict[str, int]
    ) -> Iterator[Claim]:
        what = f"trial {divided.trial.number} {divided.trial.target.name}"
        named = divided.cause[0].key if divided.cause is not None else ""
        reached_ns: int | None = None
        for position, (end, part) in enumerate(zip(ends, parts, strict=True)):
            length, at_ns = part.length, steps.get(end)
            # The first part begins with the outage, and the last one ends with it: where that was is another claim.
            if position and at_ns is not None and reached_ns is not None and length is not None:
                took_ns = max(0, at_ns - reached_ns)
                # What of it lies in the outage for sure: the outage's own bounds are other claims.
                inside_ns = min(at_ns, divided.ended.after_ns) - max(reached_ns, divided.began.before_ns or 0)
                holds = length.after_ns <= took_ns and (length.before_ns is None or inside_ns <= length.before_ns)
                kind = "cause" if part.key == named else "part"
                yield Claim(kind, f"{what} {end}", length, holds, seconds([took_ns]))
            reached_ns = None if at_ns is None or end == BACK else max(at_ns, reached_ns or 0)

    def named(self) -> Iterator[bool]:
        """Of each outage with a cause that should be named, whether it was: the rightness of a name is a claim above.

        It should where a cause made at least 60 % of it, and both periods are at most 5 % of it.
        """
        slowest_s = max((s.period_s for s in self._history.series if s.probe in ("http", "dns") and s.pod), default=0.0)
        for divided in divisions(Reading(self._history)):
            steps = self._steps(self._scenes[divided.trial.key])
            total_ns = divided.total.before_ns or 0
            if slowest_s * _NS_PER_S > _FINE * divided.total.after_ns:
                continue
            reached_ns = divided.began.before_ns or 0
            for _, _, end in CAUSES[:-1]:
                if end not in steps:
                    break
                at_ns = min(max(steps[end], reached_ns), divided.ended.after_ns)
                if at_ns - reached_ns >= _MOST * total_ns:
                    yield divided.cause is not None
                reached_ns = at_ns

    def _steps(self, scene: Scene) -> dict[str, int]:
        """The true instants of the steps; those that were taken more than once are left out."""
        at_ns = scene.new.at_ns if scene.new is not None else {}
        found = {step: at_ns[step] for step in _STEPS if step in at_ns}
        if "gone" in scene.old.at_ns:
            found["old-gone"] = scene.old.at_ns["gone"]
        if scene.new is None:
            return found
        uid = scene.new.uid
        ready = [at for at, now in self._world.endpoints.turns(lambda u: uid in u, scene.sent_ns, scene.end_ns) if now]
        if len(ready) == 1:
            found["endpoint-ready"] = ready[0]
        records = Records(self._world, self._history, scene)
        back = [
            list(entered(records.states(POD_A, r), (NEW,), scene.sent_ns, scene.end_ns)) for r in self._world.replicas
        ]
        if back and all(len(one) == 1 for one in back):
            found["dns-back"] = max(one[0] for one in back)
        return found
