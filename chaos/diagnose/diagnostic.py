"""What a check says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from chaos.model.object import Object


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"  # a name, a pod or an object does not work, or stops working at the next restart
    WARNING = "warning"  # it works, and costs an outage or surprises somebody
    NOTE = "note"  # worth knowing; nothing is wrong


@dataclass(frozen=True, slots=True)
class Reference:
    """An object, and where it was written down.

    Attributes:
        namespace: empty where the kind has none.
        file: as it was named; empty for objects of a cluster.
        line: in that file, counted from 1; 0: not known.
    """

    kind: str
    name: str
    namespace: str = ""
    file: str = ""
    line: int = 0

    def describe(self) -> str:
        """For people: ``StatefulSet web in namespace x (web.yaml:14)``."""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        place = f" ({self.file}:{self.line})" if self.line else f" ({self.file})" if self.file else ""
        return f"{self.kind} {self.name}".rstrip() + where + place


@dataclass(frozen=True, slots=True)
class Repair:
    """A change that mends a fault and touches nothing else.

    Attributes:
        doing: for people, as a command that could be given: ``create Service web``.
        create: the object that is missing.
        patch: or the merge patch of one that is there.
    """

    doing: str
    kind: str
    name: str
    namespace: str
    create: Object | None = None
    patch: Object | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault.

    Attributes:
        check: the key of the check that found it.
        what: is wrong, in one sentence without a final dot.
        evidence: the values that were seen.
        fix: a command, or what to write.
        concerns: names of the StatefulSets that it matters to.
        repair: what ``--fix`` offers.
    """

    check: str
    severity: Severity
    object: Reference
    what: str
    evidence: tuple[str, ...] = ()
    fix: str = ""
    concerns: tuple[str, ...] = ()
    repair: Repair | None = None

    def document(self) -> dict[str, Any]:
        """For JSON."""
        row = asdict(self)
        row["fixable"] = row.pop("repair") is not None
        return row


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something that a check could not find out, and why.

    Attributes:
        failed: it should have been looked at here and could not be; False where that was not to be expected.
    """

    check: str
    why: str
    failed: bool = False
