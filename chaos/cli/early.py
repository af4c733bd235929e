"""Ctrl-C while there is nothing to undo, as while the tool still imports itself: it leaves without a traceback.

What has something to undo takes the signal over later (`chaos.cli.signals`).
"""

from __future__ import annotations

import os
import signal
from types import FrameType

INTERRUPTED = 130  # as `chaos.errors` has it


def leave_quietly(_number: int = 0, _frame: FrameType | None = None) -> None:
    """Nothing was begun, so nothing is to be undone.

    Not by an exception: raised in the middle of an import it may be printed by whatever ignores it there.
    """
    os._exit(INTERRUPTED)


def take_over() -> None:
    """Handle Ctrl-C so; where it is ignored it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave_quietly)


def finish_with(code: int) -> None:
    """All is told and only the interpreter ends: Ctrl-C must not change what the exit code says."""
    if signal.getsignal(signal.SIGINT) is leave_quietly:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(code))
