"""What a checker concludes from a history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chaos.model.figure import plain


class VerdictOutcome(StrEnum):
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A checker's conclusion; `unknown` wherever the history does not suffice for another.

    Attributes:
        checker: its name.
        outcome: ``ok``, ``fail`` or ``unknown``.
        text: one sentence or a few; they cite the figures that decided it.
        evidence: where in the run's folder it can be seen, such as ``recoveries.csv trial 2``.
        faults: how many faults it rests on.
    """

    checker: str
    outcome: VerdictOutcome
    text: str
    evidence: tuple[str, ...] = ()
    faults: int = 0

    @property
    def summary(self) -> str:
        """The text for people."""
        return plain(self.text)
