"""How the time in which a client could not reach a replaced pod by its name divides.

It is the outage of the headline: from the client's first failure to its first success after the longest stretch of
failures. The steps of the replacement cut it; a step before it takes none of it, so a container that ends while name
and pod still work costs nothing. DNS is over when it is right for good; what comes then is the pod's own first answer.
Each part is an interval: its bounds are those of the steps at its ends. Where the sampling is coarse the parts are
wide, and no cause stands out; that is as it should be. Where the whole outage passes between two DNS questions none is
named at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.analysis.bounds import length
from chaos.analysis.connections import ClientView, client_views
from chaos.analysis.reading import Reading, once
from chaos.analysis.records import RecordKind, records_of
from chaos.analysis.stages import Timeline, timelines
from chaos.analysis.trials import NS_PER_S, Trial
from chaos.model import Interval

# (the step that ends the part, what the part is); the last one ends with the outage itself.
BACK = "back"
PARTS = (
    ("old-gone", "termination: → old pod object gone"),
    ("created", "controller: → new pod created"),
    ("scheduled", "scheduling: → assigned to a node"),
    ("addressed", "start: → address assigned"),
    ("ready", "start: → Ready"),
    ("endpoint-ready", "endpoints: → endpoint ready"),
    ("dns-back", "DNS: → every view gives the new address for good"),
    (BACK, "answer: → a client's try succeeds"),
)
# A cause is what a reader could do something about: several parts together. Key, in words, the last step of it.
CAUSES = (
    ("termination", "ending the old pod", "old-gone"),
    ("controller", "creating and scheduling the new pod", "scheduled"),
    ("start", "starting the new pod", "ready"),
    ("endpoints", "updating the service's endpoints", "endpoint-ready"),
    ("dns", "updating DNS", "dns-back"),
    ("answer", "waiting for the new pod to answer", BACK),
)
# From this share of the outage on a part is called its cause.
MOST = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """One share of the outage; `length` is None where the step at one of its ends was not seen."""

    key: str
    label: str
    length: Interval | None


@dataclass(frozen=True, slots=True)
class Division:
    """The outage of one pod in one trial. Durations are nanoseconds.

    Attributes:
        began: the client's first failure.
        ended: its next success.
        total: the length between them.
        parts: of `PARTS`, in this order; together they are the outage.
        causes: of `CAUSES`, likewise.
        asked_every_ns: the time between two questions for the pod's name.
    """

    trial: Trial
    began: Interval
    ended: Interval
    total: Interval
    parts: tuple[Part, ...]
    causes: tuple[Part, ...]
    asked_every_ns: int

    @property
    def unasked(self) -> bool:
        """Whether it was so short that DNS may not have been asked at all in it."""
        return self.total.before_ns is not None and self.total.before_ns <= self.asked_every_ns

    @property
    def cause(self) -> tuple[Part, float] | None:
        """What makes most of the outage for sure, and its least share; None where nothing does."""
        if not self.total.before_ns or self.unasked:
            return None
        known = [(part, part.length.after_ns / self.total.before_ns) for part in self.causes if part.length is not None]
        return next(((part, share) for part, share in known if share >= MOST), None)


@once
def divisions(reading: Reading) -> list[Division]:
    """The division of each replaced pod's outage, where a client of its name failed and succeeded again.

    One that had begun before the fault is none of its own, and is not divided.
    """
    longest: dict[tuple[int, str], ClientView] = {}
    for view in client_views(reading):
        if view.by_own_name and _ended(view) and not view.early:
            known = longest.get(view.trial.key)
            if known is None or _most_ns(view) > _most_ns(known):
                longest[view.trial.key] = view
    lines = (line for line in timelines(reading) if line.trial.key in longest)
    return [_division(reading, line, longest[line.trial.key]) for line in lines]


def _ended(view: ClientView) -> bool:
    return view.restored is not None and view.restored.before_ns is not None


def _most_ns(view: ClientView) -> int:
    return (view.outage_ns.before_ns or 0) if view.outage_ns is not None else 0


def _division(reading: Reading, line: Timeline, view: ClientView) -> Division:
    assert view.failed is not None and view.restored is not None and view.outage_ns is not None  # noqa: S101, PT018
    parts = _cut(line, view.failed, view.restored, PARTS)
    causes = _cut(line, view.failed, view.restored, [(end, label) for _, label, end in CAUSES])
    named = (Part(key, p.label, p.length) for (key, _, _), p in zip(CAUSES, causes, strict=True))
    asked = [s for r in records_of(reading, line.trial) if r.kind is RecordKind.POD_A for s in r.after]
    lasted_ns = (view.failed.after_ns, view.restored.before_ns or line.trial.end_ns)
    every_ns = round(reading.period_s(asked, *lasted_ns) * NS_PER_S)
    return Division(line.trial, view.failed, view.restored, view.outage_ns, tuple(parts), tuple(named), every_ns)


def _cut(line: Timeline, began: Interval, ended: Interval, parts: Sequence[tuple[str, str]]) -> Iterator[Part]:
    reached, seen_all = began, True
    after_gap = False  # the step before was not seen
    for key, label in parts:
        step = _step(line, key, ended)
        if step is None or step.before_ns is None:
            yield Part(key, label, None)
            seen_all, after_gap = False, True
            continue
        # In any order: what was over before an earlier part was takes no time.
        at = _within(_later(reached, step), began, ended)
        lasted = length(reached, at)
        # The step that was not seen may have come later than this part began.
        least_ns = lasted.after_ns if seen_all else 0
        yield Part(key, label, None if after_gap else Interval(least_ns, lasted.before_ns))
        reached, after_gap = at, False


def _step(line: Timeline, key: str, ended: Interval) -> Interval | None:
    if key == BACK:
        return ended
    if key == "dns-back":
        return line.settled
    return None if line.late(key) else line.instant(key)


def _later(one: Interval, other: Interval) -> Interval:
    """The later of two instants."""
    assert one.before_ns is not None and other.before_ns is not None  # noqa: S101, PT018
    return Interval(max(one.after_ns, other.after_ns), max(one.before_ns, other.before_ns))


def _earlier(one: Interval, other: Interval) -> Interval:
    """The earlier of two instants."""
    assert one.before_ns is not None and other.before_ns is not None  # noqa: S101, PT018
    return Interval(min(one.after_ns, other.after_ns), min(one.before_ns, other.before_ns))


def _within(step: Interval, began: Interval, ended: Interval) -> Interval:
    return _earlier(_later(step, began), ended)
