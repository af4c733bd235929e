"""A signal while there is nothing to undo, as while the tool still imports itself: it leaves without a traceback.

What has something to undo takes the signal over later (`chaos.cli.signals`).
"""

from __future__ import annotations

import os
import signal
from types import FrameType

INTERRUPTED = 130  # as `chaos.errors` has it
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def leave_quietly(_number: int = 0, _frame: FrameType | None = None) -> None:
    """Nothing was begun, so nothing is to be undone.

    Not by an exception: raised in the middle of an import it may be printed by whatever ignores it there.
    """
    os._exit(INTERRUPTED)


def take_over() -> None:
    """Handle all of them so; what is ignored, as SIGHUP is under nohup, stays so."""
    for number in STOPS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, leave_quietly)


def finish_with(code: int) -> None:
    """The result is printed and only the interpreter has to end: a signal now must not change the exit code."""
    for number in STOPS:
        if signal.getsignal(number) is leave_quietly:
            signal.signal(number, lambda _number, _frame: os._exit(code))
