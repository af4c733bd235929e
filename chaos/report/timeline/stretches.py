"""Stretches of time in one state, and the lanes that they make: what every lane of the picture is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chaos.analysis.lifecycle import pod_state
from chaos.analysis.reading import Reading, Sample
from chaos.model import Series

RIGHT, STALE, ABSENT, UNKNOWN = "right", "stale", "absent", "unknown"
_POD_STATES = {
    "ready": "ready",
    "terminating": "terminating",
    "ended": "ended",
    "running": "starting",
    "pending": "starting",
}
_NAMES = {"starting": "not Ready"}
# An unanswered stretch longer than this many periods is drawn as not probed.
_HOLE_PERIODS = 5
_VIEW_CHARS = 14


@dataclass(frozen=True, slots=True)
class Zero:
    """The instant from which a picture counts.

    Attributes:
        at_ns: on the run's clock.
        name: for people.
    """

    at_ns: int
    name: str

    def seconds(self, at_ns: int) -> float:
        return (at_ns - self.at_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Stretch:
    """One state from here to there; seconds since zero."""

    from_s: float
    to_s: float
    state: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row. `marks` are measured intervals (lost, recovered), drawn over it."""

    group: str
    label: str
    stretches: tuple[Stretch, ...]
    marks: tuple[tuple[float, float], ...] = ()


def short_view(view: str) -> str:
    """A CoreDNS pod's name without its middle."""
    return view if len(view) <= _VIEW_CHARS else f"…{view[-6:]}"


def pod_stretches(
    reading: Reading, name: str, until_ns: int, zero: Zero, from_s: float, to_s: float
) -> Iterable[Stretch]:
    """What the watch showed of the pods of a name up to an instant."""
    reached_s, state = from_s, ""
    for event in reading.events:
        if event.kind != "Pod" or event.name != name or event.at_ns > until_ns:
            continue
        found = "gone" if event.type == "DELETED" else _POD_STATES.get(pod_state(event.object), "starting")
        if found == state:
            continue
        at_s = zero.seconds(event.at_ns)
        if state and at_s > reached_s:
            yield Stretch(reached_s, at_s, state, _NAMES.get(state, state))
        reached_s, state = max(from_s, at_s), found
    if state:
        yield Stretch(reached_s, to_s, state, _NAMES.get(state, state))


def merge(
    reading: Reading, rows: list[Sample], zero: Zero, state_of: Callable[[Sample], str], asked: tuple[Series, ...]
) -> Iterable[Stretch]:
    """Runs of equal samples; each lasts to the next sample, or where none follows soon, to its own answer."""
    if not rows:
        return
    hole_ns = _HOLE_PERIODS * reading.period_s(asked) * 1e9
    began_ns, state = rows[0].sent_ns, state_of(rows[0])
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        if after is not None and reading.paced:
            hole_ns = _HOLE_PERIODS * reading.period_s(asked, row.sent_ns, after.sent_ns) * 1e9
        last = after is None or after.sent_ns - row.sent_ns > hole_ns
        following = "" if after is None else state_of(after)
        if not last and following == state:
            continue
        end_ns = row.received_ns if after is None or last else after.sent_ns
        yield Stretch(zero.seconds(began_ns), zero.seconds(max(end_ns, began_ns + 1)), state)
        if after is not None:
            began_ns, state = after.sent_ns, following
