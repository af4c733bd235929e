"""What a checker concludes from a history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VerdictOutcome(StrEnum):
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A checker's conclusion; `unknown` wherever the history does not suffice for another.

    Attributes:
        summary: one sentence with the numbers that decided it.
        evidence: where in the run's folder it can be seen, such as ``recoveries.csv trial 2``.
    """

    checker: str
    outcome: VerdictOutcome
    summary: str
    evidence: tuple[str, ...] = ()
