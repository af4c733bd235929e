"""Stays after a run, so that its figures can be scraped."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM)


def linger(limit_s: float) -> None:
    """Stay for `limit_s`, or until SIGINT or SIGTERM.

    Handled here, since the run's own handlers are gone by then: a container's first process ignores SIGTERM otherwise.
    """
    told = threading.Event()

    def leave(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    before = {number: signal.signal(number, leave) for number in _STOPS}
    try:
        told.wait(limit_s)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
