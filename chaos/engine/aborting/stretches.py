"""For how long something has failed, from samples as they come: a lower bound that costs next to nothing to keep."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.model import Samples

# So far back a success is looked for; in the steady state every sample is one.
_NEWEST = 50


class FailureStretch:
    """The longest stretch of failures of one series so far, at least; one that goes on counts up to its last failure.

    A stretch lies between two successes. It began before its first failure was received and ended after its last one
    was sent, so that is how long it was at least. Where samples overlap, and it is not clear to which stretch a failure
    belongs, it counts for none. So the figure is never too large by what is known at a look; a success that is still on
    its way then is not. Of what never worked nothing follows.

    Args:
        before: samples from before the watch; of them only counts when it last worked.
        good: by outcome, whether it is a success.

    Attributes:
        longest_ns: of all stretches until now.
    """

    __slots__ = ("_first_received_ns", "_first_sent_ns", "_good_sent_ns", "_last_sent_ns", "_read", "longest_ns")

    def __init__(self, before: Samples | None = None, good: Sequence[bool] = ()) -> None:
        self.longest_ns = 0
        self._read = 0 if before is None else len(before)  # samples that were looked at
        self._good_sent_ns = None if before is None else _last_success(before, good)
        self._first_sent_ns = self._last_sent_ns = self._first_received_ns = 0  # no failure is open: 0 received

    def follow(self, samples: Samples, good: Sequence[bool]) -> None:
        """Take in what came since the last look.

        Args:
            samples: of the series.
            good: by outcome, whether it is a success.
        """
        begin, end = self._read, len(samples)
        if begin == end:
            return
        self._read = end
        sent, received, outcomes = (
            samples.sent_ns[begin:end],
            samples.received_ns[begin:end],
            samples.outcome[begin:end],
        )
        kinds = {good[number] for number in set(outcomes)}
        if kinds == {True}:
            self._worked(max(sent))
        elif kinds == {False} and (self._good_sent_ns is not None and min(sent) > self._good_sent_ns):
            self._failed(min(sent), max(sent), received[0])
        else:
            for one_sent, one_received, number in zip(sent, received, outcomes, strict=True):
                if good[number]:
                    self._worked(one_sent)
                elif self._good_sent_ns is not None and one_sent > self._good_sent_ns:
                    self._failed(one_sent, one_sent, one_received)

    def _worked(self, last_sent_ns: int) -> None:
        if self._first_received_ns and last_sent_ns > self._first_sent_ns:
            self._first_received_ns = 0
        if self._good_sent_ns is None or last_sent_ns > self._good_sent_ns:
            self._good_sent_ns = last_sent_ns

    def _failed(self, first_sent_ns: int, last_sent_ns: int, received_ns: int) -> None:
        """Some after the last success; samples come in order of receipt."""
        if not self._first_received_ns:
            self._first_sent_ns, self._last_sent_ns, self._first_received_ns = first_sent_ns, last_sent_ns, received_ns
        self._first_sent_ns = min(self._first_sent_ns, first_sent_ns)
        self._last_sent_ns = max(self._last_sent_ns, last_sent_ns)
        lasted_ns = self._last_sent_ns - self._first_received_ns
        self.longest_ns = max(self.longest_ns, lasted_ns)


def _last_success(samples: Samples, good: Sequence[bool]) -> int | None:
    """When the newest success was sent, of those that are not long ago."""
    newest = zip(samples.sent_ns[-_NEWEST:], samples.outcome[-_NEWEST:], strict=True)
    return max((sent_ns for sent_ns, number in newest if good[number]), default=None)
