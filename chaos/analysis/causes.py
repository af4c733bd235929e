"""The cause of what happened to one pod in a fault, and when that was: its own t0.

A request for the pod itself is its cause when it was accepted. Where a controller deletes the pods one after the other,
each deletion is a cause of its own, known from when the watch first showed it: an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.analysis.lifecycle import Replacement
from chaos.model import CauseWords, FaultWindow, Interval, PodIdentity


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a pod's seconds begin.

    Attributes:
        what: in words: "its deletion was accepted".
        noun: the same, after "after": "the deletion".
        label: as a step of the time line: "delete accepted".
        interval: its upper bound is t0: when the response arrived, or when the watch first showed the deletion. Its
            lower one: when the request left, or an instant after which the deletion happened.
        known: when the pod's own cause was, for a limit that counts from it; of a deletion that was seen late too.
        seen: whether the watch told it.
    """

    what: str
    noun: str
    label: str
    interval: Interval
    known: Interval
    seen: bool = False


_SEEN = CauseWords("its deletion was first seen", "its deletion was seen", "deletion first seen")
_OTHER = CauseWords("the fault was accepted", "the fault", "fault accepted")
# Runs of versions whose faults did not bring their own words; of later ones nothing is looked up here.
_DELETED = CauseWords("its deletion was accepted", "the deletion", "delete accepted")
_OF_OLDER_RUNS = {
    "delete-pod": _DELETED,
    "force-delete-pod": _DELETED,
    "delete-pods": _DELETED,
    "evict-pod": CauseWords("its eviction was accepted", "the eviction", "eviction accepted"),
    "cut-node": CauseWords("its node was cut off", "the cut of its node", "node cut off"),
    "rolling-update": CauseWords("the StatefulSet was patched", "the patch", "StatefulSet patched"),
    "scale": CauseWords("the StatefulSet was scaled", "the scaling", "StatefulSet scaled"),
}
_ONE_BY_ONE_OF_OLDER_RUNS = ("rolling-update", "scale")


def cause_of(fault: FaultWindow, target: PodIdentity, life: Replacement, accepted_ns: int) -> Cause:
    """The cause of what happened to one target of an accepted fault, by what the watch showed of it.

    A deletion that a disturbed watch showed late is no t0: seconds since then would be too few.
    """
    sent_ns, at_ns = fault.requests.get(target.name, (fault.sent_ns, accepted_ns))
    known = Interval(at_ns, at_ns)
    one_by_one = fault.one_by_one if fault.words else fault.fault in _ONE_BY_ONE_OF_OLDER_RUNS
    if one_by_one and life.deleted_ns is not None:
        known = Interval(min(max(fault.sent_ns, life.after_ns("deleted_ns")), life.deleted_ns), life.deleted_ns)
        if life.gap_of("deleted_ns") is None:
            return Cause(*_SEEN, known, known, seen=True)
    words = fault.words or _OF_OLDER_RUNS.get(fault.fault, _OTHER)
    return Cause(*words, Interval(sent_ns, at_ns), known)
