"""What a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Severity
from chaos.diagnose.snapshot import Snapshot


class Needs(Enum):
    """What a check has to see."""

    OBJECTS = "manifests or a cluster"
    FILES = "manifests"
    CLUSTER = "a cluster"
    DNS = "a cluster whose DNS can be reached from here"


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of fault.

    Attributes:
        key: its name in findings.
        finds: what, for the table of the documents.
        because: what it does to somebody, and how that is known.
        severities: that its findings can have.
        kinds: that it reads; where they may not be read it was not made.
        also: that it reads too; where they may not be read the rest was made.
        look: at a snapshot; pure.
    """

    key: str
    finds: str
    because: str
    severities: tuple[Severity, ...]
    look: Callable[[Snapshot], Iterable[Diagnostic | NotChecked]]
    needs: Needs = Needs.OBJECTS
    kinds: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
