"""What signals do while there is something to undo."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol, Self

from chaos.cli.early import STOPS
from chaos.errors import InterruptedRunError, RollbackError
from chaos.visible import visible

_WRITABLE_WITHIN_S = 0.5
_Handler = Callable[[int, FrameType | None], object]


class Interruptible(Protocol):
    """What may have something to undo; see `chaos.engine.execution.Execution`."""

    def interrupt(self) -> None: ...
    def recovery(self) -> str: ...


class RunSignals:
    """While a run lasts: the first signal stops it, and it undoes and reports; the second leaves at once.

    The handlers are the process's own and not the loop's, so that the second one is heeded even where a method blocks
    the loop. A terminal that goes away may say so more than once, so SIGHUP is never the second.
    """

    def __init__(self) -> None:
        self._execution: Interruptible | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: int | None = None
        self._seen = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._before = _take(self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        _give_back(self._before)

    def watch(self, execution: Interruptible) -> None:
        """From now on there may be something to undo; called inside the run's loop."""
        self._execution, self._loop = execution, asyncio.get_running_loop()

    def told(self, exit_code: int) -> None:
        """The result is printed: from now on a signal ends the process at once, with this exit code."""
        self._told = exit_code

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._told is not None:
            os._exit(self._told)
        if self._execution is None or self._loop is None or self._loop.is_closed():  # closed: nothing was begun
            os._exit(InterruptedRunError.exit_code)
        if self._seen and number == signal.SIGHUP:
            return
        self._seen += 1
        if self._seen == 1:
            self._loop.call_soon_threadsafe(self._execution.interrupt)
            _write("interrupted: undoing what was done; once more leaves at once")
            return
        command = self._execution.recovery()
        if not command:
            _write("left at once; nothing is left to be undone")
            os._exit(InterruptedRunError.exit_code)
        _write(f"left at once; undo what is left with: {command}")
        os._exit(RollbackError.exit_code)


@contextmanager
def leaving(finish: str) -> Iterator[None]:
    """While something is being undone: a signal leaves at once, and says by which command that is gone on with."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        _write(f"left at once; not all is undone; go on with: {finish}")
        os._exit(RollbackError.exit_code)

    before = _take(handle)
    try:
        yield
    finally:
        _give_back(before)


@contextmanager
def raising() -> Iterator[None]:
    """While a change is made that ends by itself when it is cancelled: Ctrl-C is an exception, as asyncio expects."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _take(handler: _Handler) -> dict[int, object]:
    """Handle all of them; returns what did so before. Under nohup SIGHUP is ignored, and stays so."""
    before: dict[int, object] = {}
    for number in STOPS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    return before


def _give_back(before: dict[int, object]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned


def _write(line: str) -> None:
    """Write to stderr without Python's buffers, which the interrupted code may be using, and without waiting."""
    with suppress(OSError, ValueError):
        if select.select([], [2], [], _WRITABLE_WITHIN_S)[1]:
            os.write(2, f"{visible(line, line=True)}\n".encode(errors="replace"))
