"""What became of questions to DNS servers, lookups of programs and connections that were made again and again."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.experiment import Finding, Outcome, Reading, Sample, against, count, longest_gap_ns, tolerated_gap_ns, unsure

SILENCE = "TIMEOUT"
# What a server said, whatever it was; anything else is silence or a refusal.
ANSWERS = ("NOERROR", "NODATA", "NXDOMAIN", "SERVFAIL", "REFUSED")


@dataclass(frozen=True, slots=True)
class Heard:
    """The samples of some series in a time, by the instant of asking; empty where nothing was asked."""

    samples: tuple[Sample, ...]

    @property
    def number(self) -> str:
        return count(len(self.samples))

    @property
    def failed(self) -> list[Sample]:
        return [s for s in self.samples if not right(s)]

    @property
    def failed_of_all(self) -> str:
        return f"{count(len(self.failed))} of {self.number}"

    @property
    def answered(self) -> list[Sample]:
        """Of DNS: whatever a server said, a denial too."""
        return [s for s in self.samples if s.outcome.status in ANSWERS]

    @property
    def took_ns(self) -> list[int]:
        """How long those took that succeeded."""
        return [s.received_ns - s.sent_ns for s in self.samples if right(s)]

    @property
    def longest_ns(self) -> int:
        return max((s.received_ns - s.sent_ns for s in self.samples), default=0)

    @property
    def how(self) -> str:
        """``12 ECONNREFUSED, 1 TIMEOUT``, or of connections ``12 ECONNREFUSED (resolve)``."""
        said = (s.outcome for s in self.failed)
        counts = Counter(o.status if o.phase in ("answer", "send") else o.told for o in said)
        return ", ".join(f"{count(n)} {what}" for what, n in counts.most_common())

    def told(self) -> str:
        """``none of 55 failed``, or how many, and how."""
        return f"{self.failed_of_all} failed ({self.how})" if self.failed else f"none of {self.number} failed"


def right(sample: Sample) -> bool:
    return sample.outcome.status in ("NOERROR", "OK")


def refused(outcome: Outcome) -> bool:
    """Whether somebody, but no DNS server, said that there is nothing."""
    return outcome.status not in (SILENCE, "OK", *ANSWERS)


def heard_in(reading: Reading, span: tuple[int, int], **fields: str) -> Heard:
    """What the series with these fields asked in that time, from every vantage together."""
    return Heard(tuple(sorted(reading.sampled(span[0], span[1], **fields))))


def undisturbed(reading: Reading, span: tuple[int, int], what: str, **fields: str) -> Iterator[Finding]:
    """What speaks against it that nothing failed. A failure that was told does; silence is neither for nor against."""
    found = heard_in(reading, span, **fields)
    known_ns = [s.sent_ns for s in found.samples if s.outcome.status != SILENCE]
    period_s = reading.period_s(reading.series_of(**fields), *span)
    if any(s.outcome.status != SILENCE for s in found.failed):
        yield against(f"{what}: {found.told()}")
    elif found.failed:
        yield unsure(f"{what}: {found.told()}, and silence may be a lost packet")
    elif not known_ns:
        yield unsure(f"{what}: not measured")
    elif longest_gap_ns(known_ns, *span) > tolerated_gap_ns(reading, period_s):
        yield unsure(f"{what}: not heard all the time")
