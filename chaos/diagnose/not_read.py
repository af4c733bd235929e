"""Documents of files that hold no object to look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Why(Enum):
    """Why a document was not read."""

    BROKEN = "kubectl refuses it too"
    TEMPLATE = "it is a template that was not rendered"
    NO_MANIFEST = "it is for another program"


@dataclass(frozen=True, slots=True)
class NotRead:
    """A document, or a whole file.

    Attributes:
        file: as it was named.
        line: where it is seen, counted from 1; 0: the file as a whole.
        what: in one sentence without a final dot.
        fix: what to write, or the command that gives what can be read.
    """

    why: Why
    file: str
    line: int
    what: str
    fix: str = ""
