"""Whether the known samples of something cover the time that is judged.

The evidence rule: `ok` and `fail` both need known samples, and no gap between two of them, nor at either end of the
time that is judged, may exceed three periods or a twentieth of the limit, whichever is longer. In a longer gap
something could have come and gone unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from chaos.analysis.reading import Reading
from chaos.model import Outcome, Series

_NS_PER_S = 1_000_000_000
_LOST_PERIODS, _SHARE_OF_LIMIT = 2, 0.05


def tolerated_gap_ns(reading: Reading, period_s: float, limit_s: float | None = None, *, answers: int = 1) -> int:
    """The longest gap that may stay unseen between samples of that period.

    Args:
        reading: of the run.
        period_s: of the samples.
        limit_s: of which it may be a twentieth; None: the run's own.
        answers: how many it takes to have heard something, as of `longest_gap_ns`.
    """
    limit_ns = reading.within_ns or 0 if limit_s is None else limit_s * _NS_PER_S
    return round(max((answers + _LOST_PERIODS) * period_s * _NS_PER_S, _SHARE_OF_LIMIT * limit_ns))


def longest_gap_ns(instants_ns: Iterable[int], from_ns: int, to_ns: int, *, answers: int = 1) -> int:
    """The longest time between `from_ns` and `to_ns` with fewer than so many of the instants, both ends included."""
    return max(later - earlier for earlier, later in _gaps(instants_ns, from_ns, to_ns, answers))


def _gaps(instants_ns: Iterable[int], from_ns: int, to_ns: int, answers: int) -> Iterator[tuple[int, int]]:
    inside = sorted(at_ns for at_ns in instants_ns if from_ns <= at_ns <= to_ns)
    if len(inside) < answers:
        yield from_ns, to_ns
        return
    bounds = [from_ns, *inside, to_ns]
    yield from zip(bounds, bounds[answers:], strict=False)


def heard_enough(
    reading: Reading,
    asked: Sequence[Series],
    instants_ns: Iterable[int],
    from_ns: int,
    to_ns: int,
    *,
    limit_s: float | None = None,
    answers: int = 1,
) -> bool:
    """Whether no gap between the instants is longer than may stay unseen, by the period that was in force in the gap.

    Args:
        reading: of the run.
        asked: whose answers they are.
        instants_ns: when the questions were sent whose answers say something.
        from_ns: of the time.
        to_ns: of the time.
        limit_s: as of `tolerated_gap_ns`.
        answers: as of `tolerated_gap_ns`.
    """

    def tolerated_ns(from_ns: float, to_ns: float) -> int:
        return tolerated_gap_ns(reading, reading.period_s(asked, from_ns, to_ns), limit_s, answers=answers)

    if not reading.paced:
        return longest_gap_ns(instants_ns, from_ns, to_ns, answers=answers) <= tolerated_ns(from_ns, to_ns)
    gaps = _gaps(instants_ns, from_ns, to_ns, answers)
    return all(later - earlier <= tolerated_ns(earlier, later) for earlier, later in gaps)


def _says_something(outcome: Outcome) -> bool:
    return outcome.says_something


def covered(reading: Reading, series: Series, from_ns: int, to_ns: int, *, limit_s: float | None = None) -> bool:
    """Whether one series heard enough in a time that nothing could have come and gone unseen."""
    return _covered(reading, [series], from_ns, to_ns, limit_s, _says_something)


def uncovered(
    reading: Reading,
    record: str,
    from_ns: int,
    to_ns: int,
    *,
    probe: str = "dns",
    limit_s: float | None = None,
    says: Callable[[Outcome], bool] = _says_something,
) -> list[str]:
    """The views at which something about a record could have come and gone unseen in a time, by name.

    Args:
        reading: of the run.
        record: such as ``A web-1.web``, of all vantages together.
        from_ns: of the time.
        to_ns: of the time.
        probe: that asked.
        limit_s: of which a gap may be a twentieth; None: the run's limit. A time shorter than that needs its own.
        says: whether an outcome tells about what is judged.

    Returns:
        Those with a longer gap between answers that say something than the rule tolerates; of clients (``tcp``,
        ``http``) the view is where the name was resolved. Views that never asked are not among them.
    """
    found = []
    asked = reading.series_of(probe=probe, record=record)
    for view in sorted({series.view for series in asked}):
        mine = [series for series in asked if series.view == view]
        if not _covered(reading, mine, from_ns, to_ns, limit_s, says):
            found.append(view)
    return found


def _covered(
    reading: Reading,
    together: list[Series],
    from_ns: int,
    to_ns: int,
    limit_s: float | None,
    says: Callable[[Outcome], bool],
) -> bool:
    samples = (s for series in together for s in reading.samples(series, from_ns, to_ns))
    known_ns = [s.sent_ns for s in samples if says(s.outcome)]
    return heard_enough(reading, together, known_ns, from_ns, to_ns, limit_s=limit_s)


def unwatched(reading: Reading, kind: str, from_ns: int, to_ns: int) -> bool:
    """Whether events of a kind may have been missed in a time, so that their absence proves nothing."""
    return any(gap.kind == kind and gap.holds(from_ns, to_ns) for gap in reading.gaps)
