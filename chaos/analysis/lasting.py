"""Whether what a name answers turned to something to stay, or never changed, at every server that was asked.

Lasting, not first: what counts is the state from then on to the end of the time that is judged. A wrong answer is
evidence wherever it was heard; that there was none takes answers that cover the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chaos.analysis.claims import Finding, UnmeasuredError, against, need, unsure
from chaos.analysis.coverage import uncovered
from chaos.analysis.reading import Reading, Sample
from chaos.analysis.records import SERVICE_VIEW
from chaos.analysis.units import count
from chaos.model.outcome import DNS_PRESENT
from chaos.nearest import nearest

_NS_PER_S = 1_000_000_000
# Behind the cluster DNS address answers one server or another. Of two, one that is still wrong goes unheard in so many
# answers once in a thousand times.
_BEHIND_SERVICE = 10


class Turn(NamedTuple):
    """How a view's answers turned for the rest of a time.

    Attributes:
        since_ns: receipt of the first answer after which no other one came, an upper bound; None where the last known
            one was another.
        answers: how many there were from then on.
    """

    since_ns: int | None
    answers: int


def turns(reading: Reading, record: str, status: str, from_ns: int, to_ns: int, *, value: str = "") -> dict[str, Turn]:
    """View → how its answers turned; views that said nothing are left out.

    Args:
        reading: of the run.
        record: such as ``A web-1.web``, of all vantages together.
        status: that they turn to.
        from_ns: of the time; questions sent before do not count.
        to_ns: of the time; nor do answers received after.
        value: that they have then, such as the new address; empty: any.
    """
    found = {}
    for view, samples in heard(reading, record, from_ns, to_ns).items():
        right = [s.outcome.status == status and (not value or value in s.outcome.values) for s in samples]
        wrong = max((position for position, it_is in enumerate(right) if not it_is), default=-1)
        lasting = samples[wrong + 1 :]
        found[view] = Turn(min((s.received_ns for s in lasting), default=None), len(lasting))
    return found


def turned(
    reading: Reading, record: str, status: str, from_ns: int, to_ns: int, *, value: str = ""
) -> Iterator[Finding]:
    """What speaks against each view's having turned to stay, and what is unsure; arguments as of `turns`.

    Raises:
        UnmeasuredError: nobody was asked.
    """
    _asked(reading, record)
    silent = deaf(reading, record, from_ns, to_ns)
    yield from unheard(record, silent)
    wanted = " ".join(filter(None, (status, value)))
    for view, turn in turns(reading, record, status, from_ns, to_ns, value=value).items():
        if turn.since_ns is None and view not in silent:
            yield against(f"{record} was not {wanted} in the end at {view}")
        elif view == SERVICE_VIEW and turn.since_ns is not None and turn.answers < _BEHIND_SERVICE:
            yield unsure(f"{record} had been {wanted} at {view} for only {count(turn.answers, 'answer')}")


def all_turned_ns(reading: Reading, record: str, status: str, from_ns: int, to_ns: int, *, value: str = "") -> int:
    """When the last view had turned, an upper bound; arguments as of `turns`.

    Raises:
        UnmeasuredError: one was not seen to.
    """
    found = turns(reading, record, status, from_ns, to_ns, value=value)
    missing = {series.view for series in reading.series_of(probe="dns", record=record)} - found.keys()
    instants = [turn.since_ns for turn in found.values() if turn.since_ns is not None]
    if missing or not instants or len(instants) < len(found):
        raise UnmeasuredError(f"{record} was not seen to turn to {status} in every view")
    return max(instants)


def unchanged(
    reading: Reading, record: str, from_ns: int, to_ns: int, *, values: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """What speaks against a record's having given the same addresses all the time, and what is unsure.

    Args:
        reading: of the run.
        record: such as ``A web-1.web``.
        from_ns: of the time.
        to_ns: of the time.
        values: that it is to give; empty: whatever it gave first.

    Raises:
        UnmeasuredError: nobody was asked.
    """
    _asked(reading, record)
    yield from unheard(record, deaf(reading, record, from_ns, to_ns))
    for view, samples in heard(reading, record, from_ns, to_ns).items():
        wanted = tuple(sorted(values)) or samples[0].outcome.values
        wrong = (s.outcome for s in samples if s.outcome.status not in DNS_PRESENT or s.outcome.values != wanted)
        if (first := next(wrong, None)) is not None:
            yield against(f"{record} was {' '.join((first.status, *first.values))} at {view}")


def _asked(reading: Reading, record: str) -> None:
    """Go on only where DNS was asked for it."""
    if not reading.series_of(probe="dns", record=record) and reading.series_of(record=record):
        raise UnmeasuredError(f"{record} was connected to, not asked of DNS: `outage` judges connections")
    asked = sorted({series.record for series in reading.series_of(probe="dns")})
    near = nearest(record, asked) or [one for one in asked if one.endswith(f" {record}")]
    need(record in asked, f"{record} was not asked for" + (f", but {', '.join(near)}" if near else ""))


def heard(reading: Reading, record: str, from_ns: int, to_ns: int) -> dict[str, list[Sample]]:
    """View → its answers that say something, within a time from question to receipt, in the order of the questions."""
    found: dict[str, list[Sample]] = {}
    for series in reading.series_of(probe="dns", record=record):
        for sample in reading.samples(series, from_ns, to_ns):
            if sample.outcome.says_something and sample.received_ns <= to_ns:
                found.setdefault(series.view, []).append(sample)
    return {view: sorted(samples, key=lambda s: s.sent_ns) for view, samples in found.items()}


def deaf(reading: Reading, record: str, from_ns: int, to_ns: int) -> list[str]:
    """Views that were not heard all the time; a time shorter than the run's limit is measured by its own length."""
    span_ns = to_ns - from_ns
    limit_ns = span_ns if reading.within_ns is None else min(span_ns, reading.within_ns)
    return uncovered(reading, record, from_ns, to_ns, limit_s=limit_ns / _NS_PER_S)


def unheard(record: str, views: Iterable[str]) -> Iterator[Finding]:
    """Views at which something about a record could have come and gone unseen, as `deaf` and `uncovered` find them."""
    yield from (unsure(f"{record} could not be heard all the time at {view}") for view in views)
