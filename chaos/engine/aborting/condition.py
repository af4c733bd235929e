"""A condition that ends a run, as it is watched."""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Seen(NamedTuple):
    """What one look found.

    Attributes:
        holds: None: nobody can tell.
        value: that was seen, for people; of what nobody can tell why not.
    """

    holds: bool | None
    value: str


class Condition:
    """Looked at again and again, from the steady state on.

    Attributes:
        every_s: seconds between two looks.
        text: as it was given.
        final: whether a look once the method is over says something of what was before.
    """

    every_s: ClassVar[float]
    final: ClassVar[bool] = False

    def __init__(self, text: str) -> None:
        self.text = text

    async def check(self) -> Seen | None:
        """Look before the run begins; None where nothing can be seen yet.

        Raises:
            PreflightError: it cannot be watched.
        """
        return None

    def begin(self) -> None:
        """From now on it counts."""

    async def look(self) -> Seen:
        """What is so now; it never raises a `ChaosError`."""
        raise NotImplementedError
