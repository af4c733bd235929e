"""Volume claims as the watch showed them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaos.analysis.reading import Reading

CLAIM = "PersistentVolumeClaim"


@dataclass(frozen=True, slots=True)
class ClaimState:
    """A claim at one instant: its UID and the name of its volume; empty where it was not seen, or has none."""

    uid: str = ""
    volume: str = ""

    @property
    def bound(self) -> bool:
        return bool(self.uid and self.volume)

    def became(self, later: ClaimState) -> str:
        """How the two differ, for people."""
        if self.uid != later.uid:
            return f"is another claim of its name (UID {self.uid} became {later.uid})"
        return f"has another volume ({self.volume} became {later.volume})"


def claims_at(reading: Reading, names: Iterable[str], at_ns: int, until_ns: int) -> dict[str, ClaimState]:
    """The claims of these names as last seen by `at_ns`; one not bound then as first seen bound by `until_ns`.

    Watches of two kinds tell in no order: a pod may be seen with a node before its claim is seen bound.
    """
    found = dict.fromkeys(names, ClaimState())
    for event in reading.events:
        if event.kind != CLAIM or event.name not in found:
            continue
        if event.at_ns <= at_ns or (event.at_ns <= until_ns and not found[event.name].bound):
            volume = str((event.object.get("spec") or {}).get("volumeName") or "")
            found[event.name] = ClaimState() if event.type == "DELETED" else ClaimState(event.uid, volume)
    return found
