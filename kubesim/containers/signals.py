"""Signals by name, with Linux's numbers (signal(7), x86)."""

from __future__ import annotations

from enum import IntEnum


class Signal(IntEnum):
    """Those that scripts, images and servers name."""

    HUP = 1
    INT = 2
    QUIT = 3
    ABRT = 6
    KILL = 9
    USR1 = 10
    USR2 = 12
    PIPE = 13
    ALRM = 14
    TERM = 15
    CHLD = 17
    CONT = 18
    STOP = 19
    TSTP = 20
    WINCH = 28

    @property
    def exit_code(self) -> int:
        """Of what it ended, as shells and runtimes tell it."""
        return 128 + self.value


# What the kernel does nothing at, where a process says nothing else.
HARMLESS = frozenset({Signal.CHLD, Signal.CONT, Signal.WINCH})


def parse_signal(text: str) -> Signal | None:
    """``TERM``, ``SIGTERM``, ``term`` or ``15``; None where it is none that is known."""
    if text.isdecimal():
        return Signal(int(text)) if int(text) in set(Signal) else None
    return Signal.__members__.get(text.upper().removeprefix("SIG"))
