"""Which clusters of this process are up, so that one that nobody stopped can be named."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Running:
    """A cluster between its start and its stop.

    Attributes:
        where: the line that started it, as ``file:line``.
        told: whether somebody has complained of it already.
    """

    loop: asyncio.AbstractEventLoop
    where: str
    told: bool = False

    def end(self) -> None:
        """It has been stopped."""
        _ALL.discard(self)

    def __str__(self) -> str:
        return (
            f"a simulated cluster was started at {self.where} and never stopped; "
            "use `async with kubesim.Cluster(...) as cluster:`, or call `await cluster.stop()` in a finally"
        )


_ALL: set[Running] = set()


def begin(loop: asyncio.AbstractEventLoop) -> Running:
    """Note a cluster that starts; the caller's first frame outside this package is where."""
    frame = sys._getframe(1)  # noqa: SLF001 - what `warnings` uses for the same
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "kubesim":
        frame = frame.f_back
    made = Running(loop, f"{frame.f_code.co_filename}:{frame.f_lineno}")
    _ALL.add(made)
    return made


def running() -> frozenset[Running]:
    """Those that are up."""
    return frozenset(_ALL)
