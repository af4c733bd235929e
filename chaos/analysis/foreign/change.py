"""A change that the run did not make."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Foreign:
    """One of them.

    Attributes:
        at_ns: when the watch showed it: it was made before.
        what: who did what to which object, as a clause.
    """

    at_ns: int
    what: str
