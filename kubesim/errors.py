"""What goes wrong by what somebody asked of the simulated cluster, not inside it."""

from __future__ import annotations


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
