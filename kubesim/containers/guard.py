"""What an error in somebody else's program does: it ends the program, not the cluster."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable
from functools import wraps
from types import TracebackType

from kubesim.containers.bounds import OutOfMemoryError
from kubesim.containers.call import Call, Program
from kubesim.containers.input import BrokenPipe, NoTerminalError
from kubesim.containers.processes import FIRST, ForkError

_log = logging.getLogger(__name__)
# Raised by kubesim inside a program, and caught by the shell or container that runs it: no errors of the program's.
_OURS = (BrokenPipe, ForkError, NoTerminalError, OutOfMemoryError)
_CRASHED = 1  # as of a Python program that raises
_STEPS_TO_END = 3  # of the event loop, which a program that is killed may still take


def guarded(program: Program) -> Program:
    """The same program, whose errors are its container's.

    What it raises ends it with 1. The traceback is on its standard error, so of a first process in the container's log,
    and in Python's own log (`kubesim.containers.guard`); the last line is the container status's message as well.
    `sys.exit` ends it with the code given; returning None is 0.
    """

    @wraps(program)
    async def run(call: Call) -> int:
        task = asyncio.create_task(_started(program, call), name=f"the program {call.name} of {call.inside.place}")
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            await _kill(task, call)
            raise
        try:
            return _exit_code(task.result)
        except _OURS:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever it is
            call.err("".join(traceback.format_exception(exc.with_traceback(_inside(exc)))))
            _log.error("the program %s of %s has raised", call.name, call.inside.place, exc_info=exc)
            if call.pid == FIRST:
                call.ports.crashed(traceback.format_exception_only(exc)[-1].strip())
            return _CRASHED

    return run


async def _started(program: Program, call: Call) -> int | None:
    """In a task of its own, since `SystemExit` would end the event loop's run."""
    try:
        return await program(call)
    except SystemExit as exc:
        if exc.code is None or isinstance(exc.code, int):
            return exc.code
        call.err(f"{exc.code}\n")  # as Python itself does with a text
        return _CRASHED


def _exit_code(result: Callable[[], int | None]) -> int:
    code = result()
    if code is None:
        return 0
    if not isinstance(code, int):
        raise TypeError(f"a program returns its exit code, not {code!r}")
    return code & 0xFF


async def _kill(task: asyncio.Task[int | None], call: Call) -> None:
    """SIGKILL. Whoever catches the cancellation and goes on would keep the whole cluster from ending."""
    task.cancel()
    for _ in range(_STEPS_TO_END):
        if task.done():
            return
        await asyncio.sleep(0)
    _log.error("the program %s of %s goes on after it was cancelled: it is thrown away", call.name, call.inside.place)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    with contextlib.suppress(RuntimeError):  # raised where the program catches GeneratorExit, too
        task.get_coro().close()
    task.cancel()


def _inside(exc: BaseException) -> TracebackType | None:
    """The traceback from the program on: how kubesim came to call it says nothing."""
    found = exc.__traceback__
    while found is not None and found.tb_frame.f_code.co_filename == __file__:
        found = found.tb_next
    return found
