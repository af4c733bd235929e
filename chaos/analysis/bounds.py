"""The interval in which a change happened, from samples that arrive late, out of order, or not at all.

The rule: an answer reflects the server's state at *some* instant between the sending of its question and its
receipt. Let the state change once, at the instant t.

- A contrary answer reflects a state before t, so its question was sent before t: t > the *latest* sent of all of them.
- An agreeing answer reflects a state at or after t, so it was received at or after t: t <= the *earliest* received.

Hence t lies in (last contrary sent, first agreeing received], in whatever order the answers arrived. Leaving a sample
out (a lost one, a timeout, SERVFAIL) can only widen that interval, so samples that say nothing are left out.

Where both cannot be true (a contrary answer whose question was sent after an agreeing one had been received) the state
changed more than once, and the instant sought is the change that the first agreeing answer saw. Then only contrary
answers that were received before *any* agreeing question was sent are certain to precede it; the latest of those bounds
it from below, whatever the state did before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from chaos.model import Interval


class Exchange(NamedTuple):
    """When a question was sent and its answer received, in nanoseconds of the run's clock."""

    sent_ns: int
    received_ns: int


def length(began: Interval, ended: Interval) -> Interval:
    """The time from one instant to another, in nanoseconds, not negative; without an end where that was not seen."""
    least_ns = 0 if began.before_ns is None else max(0, ended.after_ns - began.before_ns)
    return Interval(least_ns, None if ended.before_ns is None else max(least_ns, ended.before_ns - began.after_ns))


def since(instant: Interval, zero_ns: int) -> Interval:
    """The same instant, counted from another one."""
    return Interval(instant.after_ns - zero_ns, None if instant.before_ns is None else instant.before_ns - zero_ns)


def changed_once(contrary: Sequence[Exchange], agreeing: Sequence[Exchange]) -> bool:
    """Whether a single change from the contrary to the agreeing state explains all answers."""
    if not contrary or not agreeing:
        return True
    return max(c.sent_ns for c in contrary) < min(a.received_ns for a in agreeing)


def change(contrary: Sequence[Exchange], agreeing: Sequence[Exchange], *, floor_ns: int) -> Interval:
    """The interval in which the state changed from contrary to agreeing; see the module's text for the proof.

    Args:
        contrary: answers that showed the state before the change.
        agreeing: answers that showed the state after it.
        floor_ns: before which the change cannot have happened, for want of a contrary answer.

    Returns:
        Right-censored (`before_ns` is None) where there is no agreeing answer.
    """
    last_contrary_ns = max((c.sent_ns for c in contrary), default=floor_ns)
    if not agreeing:
        return Interval(last_contrary_ns, None)
    before_ns = min(a.received_ns for a in agreeing)
    if changed_once(contrary, agreeing):
        return Interval(min(last_contrary_ns, before_ns), before_ns)
    first_sent_ns = min(a.sent_ns for a in agreeing)
    certain = (c.sent_ns for c in contrary if c.received_ns < first_sent_ns)
    return Interval(min(max(certain, default=floor_ns), before_ns), before_ns)


def stable_run(contrary: Sequence[Exchange], agreeing: Sequence[Exchange]) -> list[Exchange]:
    """The agreeing answers after the last contrary one, in order of receipt.

    After a single change that is every agreeing answer. Otherwise only those count whose question was sent after the
    last contrary answer had been received: an overlapping one may have reflected an earlier instant.
    """
    run = list(agreeing)
    if not changed_once(contrary, agreeing):
        last_ns = max(c.received_ns for c in contrary)
        run = [a for a in agreeing if a.sent_ns >= last_ns]
    return sorted(run, key=lambda a: a.received_ns)


def flips(contrary: Sequence[Exchange], agreeing: Sequence[Exchange]) -> int:
    """How often a contrary answer followed an agreeing one, in the order in which the questions were sent."""
    merged = sorted(
        [(c.sent_ns, c.received_ns, False) for c in contrary] + [(a.sent_ns, a.received_ns, True) for a in agreeing]
    )
    return sum(1 for (_, _, before), (_, _, after) in pairwise(merged) if before and not after)
