"""A history as checkers, answers and reports read it: looked at once, asked by all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, wraps
from itertools import accumulate
from math import inf
from typing import Any, NamedTuple, TypeVar, cast

from chaos.model import ClusterEvent, FaultWindow, History, Outcome, RunMeta, Series, WatchGap
from chaos.model.pace import Paces

_T = TypeVar("_T")
_NS_PER_S = 1_000_000_000
# Of a named tuple, in half the time: each of a hundred thousand samples is read several times.
_made = tuple.__new__
_LONGEST_S = 1e9  # no limit is longer than thirty years


class Sample(NamedTuple):
    """One sample of a series.

    Attributes:
        sent_ns: when its question, or its first packet, left, on the run's clock.
        received_ns: when its answer arrived, or it was given up.
        position: of its outcome in the history's outcomes.
        outcome: what was answered.
    """

    sent_ns: int
    received_ns: int
    position: int
    outcome: Outcome


class Reading:
    """A history that does not change any more, with what was found out from it so far.

    What several readers need is computed by a function marked with `once`, such as `trials`, and kept here.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self._found: dict[Any, Any] = {}

    @property
    def meta(self) -> RunMeta:
        """See `History`; likewise below."""
        return self.history.meta

    @property
    def status(self) -> str:
        return self.history.status

    @property
    def series(self) -> list[Series]:
        return self.history.series

    @property
    def outcomes(self) -> list[Outcome]:
        return self.history.outcomes

    @property
    def events(self) -> list[ClusterEvent]:
        return self.history.events

    @property
    def gaps(self) -> list[WatchGap]:
        return self.history.gaps

    @property
    def faults(self) -> list[FaultWindow]:
        return self.history.faults

    @property
    def marks(self) -> list[tuple[int, str, dict[str, Any]]]:
        return self.history.marks

    def not_before_ns(self, event: ClusterEvent) -> int:
        """An instant after which an event's change happened: it came later than what a list had shown by then; else 0.

        ResourceVersions that are no numbers bound nothing (`chaos.engine.revisions`).
        """
        version = _version(event)
        if version is None:
            return 0
        position = bisect_left(self._versions, version)
        return min(self._asked_ns[position - 1], event.at_ns) if position else 0

    @cached_property
    def _versions(self) -> list[int]:
        """What a list showed, at the latest, when each question of `_asked_ns` was asked; ascending."""
        return [version for version, _ in self._lists]

    @cached_property
    def _asked_ns(self) -> list[int]:
        return list(accumulate((sent_ns for _, sent_ns in self._lists), max))

    @cached_property
    def _lists(self) -> list[tuple[int, int]]:
        """(version, when it was asked for) of each list; of no server that was behind what had been seen by then."""
        seen = [(e.at_ns, version) for e in self.events if (version := _version(e)) is not None]
        newest = list(accumulate((version for _, version in seen), max))
        seen_ns = [at_ns for at_ns, _ in seen]
        found = []
        for sent_ns, version in self.history.revisions:
            position = bisect_left(seen_ns, sent_ns)
            if not position or version >= newest[position - 1]:
                found.append((version, sent_ns))
        return sorted(found)

    @property
    def within_ns(self) -> int | None:
        """The run's limit for a recovery; None where it names none, or none that could be one."""
        within_s = self.meta.parameters.get("within_s")
        if not isinstance(within_s, int | float) or isinstance(within_s, bool) or not 0 <= within_s <= _LONGEST_S:
            return None
        return round(within_s * _NS_PER_S)

    def wall_text(self, at_ns: int) -> str:
        """RFC 3339, UTC, of an instant of the run's clock."""
        return self.history.wall_text(at_ns)

    def series_of(self, **fields: str) -> list[Series]:
        """The series with these fields, such as ``probe="dns", record="A web-0.web"``, in the order of the run."""
        return [s for s in self.series if all(getattr(s, field) == value for field, value in fields.items())]

    def series_with(self, ids: Iterable[int]) -> list[Series]:
        """The series with these ids, as methods write them down when they begin to watch something."""
        wanted = set(ids)
        return [s for s in self.series if s.id in wanted]

    def samples(self, series: Series, from_ns: int = 0, to_ns: int | None = None) -> Iterator[Sample]:
        """The samples of a series whose question was sent in [from_ns, to_ns], in order of receipt.

        The only way from here to what was recorded: every figure of a report rests on it.
        """
        columns = self.history.samples.get(series.id)
        if columns is None:
            return
        outcomes = self.outcomes
        # Only received_ns is sorted; what was sent by to_ns was received, or given up, within the timeout and a margin.
        low = bisect_left(columns.received_ns, from_ns) if from_ns > 0 else 0
        high = len(columns)
        if to_ns is not None:
            high = bisect_right(columns.received_ns, to_ns + round(2 * series.timeout_s * _NS_PER_S) + _NS_PER_S)
        rows = zip(columns.sent_ns[low:high], columns.received_ns[low:high], columns.outcome[low:high], strict=True)
        for sent_ns, received_ns, position in rows:
            if from_ns <= sent_ns and (to_ns is None or sent_ns <= to_ns):
                yield _made(Sample, (sent_ns, received_ns, position, outcomes[position]))

    def period_s(self, asked: Iterable[Series], from_ns: float = 0, to_ns: float = inf) -> float:
        """The longest time between two scheduled samples of any of these series in a time; 0 of none.

        It changes in the middle where cluster DNS was overloaded (`chaos.model.pace`).
        """
        return max((self._paces.longest_s(series, from_ns, to_ns) for series in asked), default=0.0)

    @property
    def paced(self) -> bool:
        """Whether any period changed in the middle."""
        return bool(self._paces)

    @cached_property
    def _paces(self) -> Paces:
        return Paces(self.marks)

    def sampled(self, from_ns: int = 0, to_ns: int | None = None, **fields: str) -> Iterator[Sample]:
        """The samples of all series with these fields, sent in [from_ns, to_ns], series by series."""
        for series in self.series_of(**fields):
            yield from self.samples(series, from_ns, to_ns)

    def count(self, series: Series) -> int:
        """How many samples a series has."""
        columns = self.history.samples.get(series.id)
        return 0 if columns is None else len(columns)

    def outcomes_of(self, series: Series) -> list[Outcome]:
        """Each outcome that a series had, once."""
        columns = self.history.samples.get(series.id)
        return [] if columns is None else [self.outcomes[position] for position in sorted(set(columns.outcome))]

    @property
    def last_received_ns(self) -> int:
        """When the last sample of the run was received; 0 where there is none."""
        return max((s.received_ns[-1] for s in self.history.samples.values() if len(s)), default=0)

    def once(self, compute: Callable[[Reading], _T]) -> _T:
        """What a function finds in this history, computed at the first call."""
        if compute not in self._found:
            self._found[compute] = compute(self)
        return cast("_T", self._found[compute])


def _version(event: ClusterEvent) -> int | None:
    version = str((event.object.get("metadata") or {}).get("resourceVersion", ""))
    return int(version) if version.isdecimal() else None


def once(compute: Callable[[Reading], _T]) -> Callable[[Reading], _T]:
    """Mark a function of a reading alone: it is called once for each. Nobody changes what it returned."""

    @wraps(compute)
    def found(reading: Reading) -> _T:
        return reading.once(compute)

    return found
