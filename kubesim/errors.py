"""What goes wrong by what somebody asked of the simulated cluster, not inside it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SimulationError(Exception):
    """Something that the simulated cluster cannot be, or cannot do.

    Args:
        message: what, naming the object.
        hint: what to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """As a hint: the known names that are like it; empty where none is."""
    close = get_close_matches(wrong, sorted(known))
    return f"did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
