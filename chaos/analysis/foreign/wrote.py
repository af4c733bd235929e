"""What the run itself asked the API server for, as it wrote it down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos.analysis.foreign.states import number, version
from chaos.analysis.reading import Reading
from chaos.model import ClusterEvent

WROTE = "wrote"


@dataclass(slots=True)
class OwnChanges:
    """The changes of one object.

    Attributes:
        generations: of specs, that the run made.
        versions: resourceVersions that it made where the answer had no generation (a Service, a Scale).
        unanswered_ns: when requests left that may have been carried out, of which no answer came.
    """

    generations: set[int] = field(default_factory=set)
    versions: list[int] = field(default_factory=list)
    unanswered_ns: list[int] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        """One request, as the mark has it."""
        if not row["answered"]:
            self.unanswered_ns.append(row["sent_ns"])
        elif row["generation"]:
            self.generations.add(row["generation"])
        elif row["version"]:
            self.versions.append(number(row["version"]))

    def perhaps(self, at_ns: int) -> bool:
        """Whether a request may have been carried out by then without anybody's being told."""
        return any(sent_ns <= at_ns for sent_ns in self.unanswered_ns)

    def explains(self, before: ClusterEvent, after: ClusterEvent) -> bool:
        """Whether a change of the run lies, or may lie, between two states of the object."""
        return self.perhaps(after.at_ns) or any(version(before) < own <= version(after) for own in self.versions)


class Wrote:
    """All that it asked for; false where a run wrote nothing down."""

    def __init__(self, reading: Reading) -> None:
        self._rows = [details for _, what, details in reading.marks if what == WROTE]
        self._own: dict[tuple[str, str], OwnChanges] = {}
        self._deleted_ns: dict[str, int] = {}  # UID → when the first request for its end left
        self.created = {row["uid"] for row in self._rows if row["verb"] == "create" and row["uid"]}
        for row in self._rows:
            self._own.setdefault((row["kind"], row["name"]), OwnChanges()).add(row)
            if row["verb"] in ("delete", "evict") and row["uid"]:
                self._deleted_ns[row["uid"]] = min(row["sent_ns"], self._deleted_ns.get(row["uid"], row["sent_ns"]))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def to(self, kind: str, name: str) -> OwnChanges:
        """Its changes of one object."""
        return self._own.get((kind, name), OwnChanges())

    def ended(self, event: ClusterEvent) -> bool:
        """Whether the run had asked for the deletion of that very object by then, or may have of one of its name."""
        by_uid = self._deleted_ns.get(event.uid, event.at_ns + 1) <= event.at_ns
        return by_uid or self.to(event.kind, event.name).perhaps(event.at_ns)

    def sent(self, kinds: tuple[str, ...], name: str, before_ns: int, *verbs: str) -> bool:
        """Whether the run had asked for such a change by then.

        Args:
            kinds: of the object.
            name: of the object; empty: any.
            before_ns: by when.
            verbs: of the request; none: any.
        """
        return any(
            row["kind"] in kinds
            and name in ("", row["name"])
            and row["sent_ns"] <= before_ns
            and (not verbs or row["verb"] in verbs)
            for row in self._rows
        )
