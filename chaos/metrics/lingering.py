"""Stays after a run, so that its figures can be scraped."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def linger(limit_s: float) -> None:
    """Stay for `limit_s`, or until a signal asks for the end.

    Handled here, since the run's own handlers leave at once by then, with all that is still to be closed.
    """
    told = threading.Event()

    def leave(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    heeded = [number for number in _STOPS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores one
    before = {number: signal.signal(number, leave) for number in heeded}
    try:
        told.wait(limit_s)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
