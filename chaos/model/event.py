"""What the watches saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One watch event.

    Attributes:
        at_ns: when it arrived here, on the run's clock; the change itself was earlier. Objects of the initial list
            arrive as ADDED with `initial` set.
        type: ``ADDED``, ``MODIFIED`` or ``DELETED``.
        object: the object without managedFields, as the API server sent it.
        by: who wrote what changed, as managedFields tell: ``kubectl-edit``, ``kube-controller-manager (status)``,
            several with commas; empty where they do not tell, as of a deletion.
    """

    at_ns: int
    type: str
    kind: str
    namespace: str
    name: str
    uid: str
    object: dict[str, Any]
    initial: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class WatchGap:
    """A time in which changes of a kind may have been missed (times of the run's clock).

    What was seen only at its end happened at some time in it, or shortly before.

    Attributes:
        lossless: whether each change of that time came in the end, in order, if late; else only what was left of them.
    """

    kind: str
    from_ns: int
    to_ns: int
    reason: str
    lossless: bool = False

    def holds(self, from_ns: int, to_ns: int) -> bool:
        """Whether a part of that time, or that instant where both are the same, is in this one."""
        return from_ns <= self.to_ns and to_ns >= self.from_ns
