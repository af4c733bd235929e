"""How a run ended, in one word, one number and one line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RunOutcome(StrEnum):
    """What can be said of a run as a whole; where several apply, the first of these."""

    NOT_UNDONE = "not-undone"
    INTERRUPTED = "interrupted"
    ABORTED = "aborted"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    HELD = "held"

    @property
    def word(self) -> str:
        """As the result line begins."""
        return self.value.replace("-", " ").upper()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Attributes:
        exit_code: of the command. What ended a run early may give it (3: the cluster was lost; 2: the method raised),
            while the outcome is inconclusive, or failed where a check failed.
        line: the result line, such as ``HELD (simulated): 6 of 6 checks``.
    """

    outcome: RunOutcome
    exit_code: int
    line: str
