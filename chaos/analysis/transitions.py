"""When an answer changed, and into what: the time line of one series, whatever was done meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.analysis.reading import Reading
from chaos.model import Interval, Outcome, Series
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT, OK


@dataclass(frozen=True, slots=True)
class Transition:
    """A change from one outcome to another.

    Attributes:
        series: whose samples show it.
        at: (last sample of the old state sent, first sample of the new one received].
        before: the old outcome; None for the first one that was seen.
        after: the new outcome.
    """

    series: Series
    at: Interval
    before: Outcome | None
    after: Outcome


def tells(series: Series, outcome: Outcome) -> bool:
    """Whether an outcome says something about what is there. To a connection a failure is an outcome like any other."""
    if series.probe in ("dns", "cached"):
        return outcome.status in DNS_PRESENT or outcome.status in DNS_ABSENT
    return True


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes show the same state. A TTL that counts down is no change, nor is another backend."""
    return one.status == other.status and one.values == other.values and (one.status == OK or one.phase == other.phase)


def transitions(reading: Reading, series: Series, from_ns: int = 0, to_ns: int | None = None) -> list[Transition]:
    """Each change of a series, in the order of receipt; the first entry is the state that it began with.

    An answer that differs counts only where its question was sent after the answers before it had begun to come:
    otherwise it may be one of before that took longer.

    Args:
        reading: of the run.
        series: whose samples are looked at; those that say nothing are left out, which widens intervals.
        from_ns: samples received before are left out.
        to_ns: samples sent after are left out; None: the end.
    """
    found: list[Transition] = []
    run_sent_ns = [from_ns]  # of the answers that are alike up to now
    run_since_ns = 0  # receipt of the first of them
    for sent_ns, received_ns, _, outcome in reading.samples(series, 0, to_ns):
        if received_ns < from_ns or not tells(series, outcome):
            continue
        previous = found[-1].after if found else None
        if previous is None or not alike(previous, outcome):
            if previous is not None and sent_ns < run_since_ns:
                continue  # a straggler: it may be of before
            # An answer that came before this one may be of a question that was sent after it.
            last_sent_ns = next((at for at in reversed(run_sent_ns) if at <= sent_ns), from_ns)
            found.append(Transition(series, Interval(min(last_sent_ns, received_ns), received_ns), previous, outcome))
            run_sent_ns, run_since_ns = [], received_ns
        run_sent_ns.append(sent_ns)
    return found


def became(found: list[Transition], status: str, since_ns: int) -> Interval | None:
    """The first change into a status after an instant; None where there was none."""
    for change in found:
        before_ns = change.at.before_ns
        if (
            change.before is not None
            and before_ns is not None
            and before_ns >= since_ns
            and change.after.status == status
        ):
            return Interval(max(change.at.after_ns, min(since_ns, before_ns)), before_ns)
    return None


def series_of(reading: Reading, probe: str, record: str, view: str | None = None) -> list[Series]:
    """The series of a record, from every vantage; of all views where none is named."""
    return [s for s in reading.series_of(probe=probe, record=record) if view in (None, s.view)]


def when(reading: Reading, record: str, status: str, since_ns: int, until_ns: int | None = None) -> dict[str, Interval]:
    """When each view first changed to a status after an instant; views that did not are left out.

    Args:
        reading: of the run.
        record: such as ``A web-1.web``.
        status: ``NOERROR`` or ``NXDOMAIN``.
        since_ns: changes seen before do not count.
        until_ns: nor do those after; None: the end.

    Returns:
        View → interval; of several vantages the first one's.
    """
    found: dict[str, Interval] = {}
    for series in series_of(reading, "dns", record):
        at = became(transitions(reading, series, 0, until_ns), status, since_ns)
        if at is not None:
            found.setdefault(series.view, at)
    return found


def last_ns(found: dict[str, Interval], since_ns: int) -> int | None:
    """How long after an instant the last of the views had changed (an upper bound); None without any."""
    return max((at.before_ns - since_ns for at in found.values() if at.before_ns is not None), default=None)
