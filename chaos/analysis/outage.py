"""How long something failed for a client that tried again and again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from chaos.analysis.bounds import length
from chaos.analysis.reading import Reading
from chaos.analysis.units import between, count
from chaos.model import Interval, Series
from chaos.model.outcome import OK


@dataclass(frozen=True, slots=True)
class Outage:
    """The longest stretch of failures of one series, between two successes. To a client a timeout is a failure too.

    The longest is the one that may have been: none of the others can have lasted for longer.

    Attributes:
        began: (last success sent, first failure received]; without a success before, from the instant on from which
            it was looked at: whether it had ever worked is not known then.
        ended: (last failure sent, first success received]; right-censored where there was none.
        failures: (status, phase) → samples in the stretch.
        samples: of the whole time that was looked at.
        untried_ns: the longest time between two successes in which nothing was tried: a client whose tries all hang
            begins no other. The outage may have been then.
    """

    began: Interval
    ended: Interval
    failures: Counter[tuple[str, str]]
    samples: int
    untried_ns: int = 0

    @property
    def length_ns(self) -> Interval:
        """Bounds of its length: `after_ns` the least, `before_ns` the most (None: it had not ended)."""
        seen = length(self.began, self.ended)
        if seen.before_ns is None:
            return seen
        return Interval(seen.after_ns, max(seen.before_ns, self.untried_ns))

    def kinds(self) -> str:
        """The failures for people, most frequent first: ``NXDOMAIN (resolve) 12 times, …``."""
        rows = self.failures.most_common()
        return ", ".join(f"{status} ({phase}) {'once' if n == 1 else count(n, 'time')}" for (status, phase), n in rows)

    def lasted(self) -> str:
        """Its length for people: ``between 1.36 and 1.43 s``; ``at least 1.36 s, and it had not ended``."""
        return between(self.length_ns) + (", and it had not ended" if self.ended.before_ns is None else "")


def outage(reading: Reading, series: Series, from_ns: int, to_ns: int | None = None) -> Outage | None:
    """The longest stretch of failures that began after an instant; None where nothing failed.

    Args:
        reading: of the run.
        series: of a client; samples in the order in which they were sent.
        from_ns: samples received before are only looked at for the last success.
        to_ns: samples sent after are left out; None: the end.
    """
    rows = sorted((s.sent_ns, s.received_ns, s.position) for s in reading.samples(series, 0, to_ns))
    longest: Outage | None = None
    longest_ns = untried_ns = 0
    # Before that it may have failed as well, only not be asked.
    last_good_ns = min([from_ns, *(row[0] for row in rows)])
    stretch: list[tuple[int, int, int]] = []
    samples = sum(received >= from_ns for _, received, _ in rows)
    for sent_ns, received_ns, position in [*rows, (0, 0, -1)]:
        if position >= 0 and reading.outcomes[position].status != OK:
            if received_ns >= from_ns:
                stretch.append((sent_ns, received_ns, position))
            continue
        if stretch:
            kinds = Counter((reading.outcomes[p].status, reading.outcomes[p].phase) for _, _, p in stretch)
            began = Interval(last_good_ns, min(received for _, received, _ in stretch))
            found = Outage(began, Interval(stretch[-1][0], None if position < 0 else received_ns), kinds, samples)
            may_be_ns = (received_ns if position >= 0 else max(s[1] for s in stretch)) - last_good_ns
            if longest is None or may_be_ns >= longest_ns:
                longest, longest_ns = found, may_be_ns
            stretch = []
        elif position >= 0 and received_ns >= from_ns:
            untried_ns = max(untried_ns, received_ns - last_good_ns)
        last_good_ns = sent_ns
    return None if longest is None else replace(longest, untried_ns=untried_ns)
