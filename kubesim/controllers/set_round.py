"""What one reconcile of a StatefulSet works with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kubesim.controllers.revisions import Revisions
from kubesim.controllers.rollout import resolve
from kubesim.store import Object

_MEMBER = re.compile(r"(.*)-([0-9]+)$")


def split_name(pod_name: str) -> tuple[str, int]:
    """The StatefulSet's name and the ordinal in a member's name; an empty name and -1 where it cannot be a member."""
    match = _MEMBER.match(pod_name)
    return (match[1], int(match[2])) if match else ("", -1)


@dataclass(slots=True)
class Round:
    """A StatefulSet as it is at the beginning of a reconcile.

    Attributes:
        pods: its members by ordinal, in order.
        update: the revision of the present template.
        current: the revision that members are being updated from.
        status: what will be written at the end.
    """

    set: Object
    pods: dict[int, Object]
    revisions: Revisions
    update: Object
    current: Object
    status: Object

    @property
    def first(self) -> int:
        """The lowest ordinal."""
        return int((self.set["spec"].get("ordinals") or {}).get("start", 0))

    @property
    def end(self) -> int:
        """One more than the highest ordinal."""
        return self.first + int(self.set["spec"]["replicas"])

    @property
    def ordered(self) -> bool:
        """Whether members are started and stopped one at a time."""
        return bool(self.set["spec"].get("podManagementPolicy") != "Parallel")

    @property
    def strategy(self) -> str:
        """``RollingUpdate`` or ``OnDelete``."""
        return str(self._update_strategy.get("type", "RollingUpdate"))

    @property
    def partition(self) -> int:
        """How many members, from the lowest on, a rolling update leaves alone."""
        return int((self._update_strategy.get("rollingUpdate") or {}).get("partition", 0))

    @property
    def max_unavailable(self) -> int:
        """How many members a rolling update may take away at once."""
        asked = (self._update_strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1)
        return max(1, resolve(asked, int(self.set["spec"]["replicas"]), up=False))

    def revision_of(self, ordinal: int) -> Object:
        """The revision that a missing member is created with."""
        if self.strategy != "RollingUpdate":
            return self.update
        implicit = "rollingUpdate" not in self._update_strategy
        kept = self.status["currentReplicas"] if implicit else self.partition
        return self.current if ordinal < self.first + kept else self.update

    @property
    def _update_strategy(self) -> Object:
        return self.set["spec"].get("updateStrategy") or {}
