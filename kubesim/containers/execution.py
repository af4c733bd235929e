"""A command that is run in a container beside its main process: `kubectl exec`, hooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from kubesim.containers.bounds import OutOfMemoryError
from kubesim.containers.call import Call, Ports, Program
from kubesim.containers.input import Input
from kubesim.containers.inside import Inside
from kubesim.containers.processes import ForkError

_KILLED = 137


class First(Ports, Protocol):
    """The container's main process."""

    async def gone(self) -> None:
        """Wait for its end."""


class CommandStartError(RuntimeError):
    """The runtime could not start it; the message is runc's."""


class NotRunningError(RuntimeError):
    """The container does not run."""


async def execute(
    inside: Inside,
    argv: tuple[str, ...],
    stdin: Input,
    out: Callable[[str], None],
    err: Callable[[str], None],
    first: First,
) -> int:
    """Run it to its end, or to the container's.

    Args:
        inside: of the container.
        argv: program and arguments.
        stdin: its input.
        out: takes its standard output.
        err: takes its standard error.
        first: the container's main process.

    Raises:
        CommandStartError: the container has no such program, or kubesim cannot run it.
    """
    name = argv[0].rpartition("/")[2] if argv else ""
    program: Program | None = inside.image.programs.get(name)
    if program is None:
        raise CommandStartError(_refusal(inside, argv, name))
    try:
        process = inside.processes.enter(name)
    except ForkError as exc:
        raise CommandStartError(str(exc)) from exc
    call = Call(inside, argv, dict(inside.environment), stdin, out, err, process.pid, first, inside.folder)
    running, ended = asyncio.ensure_future(process.live(lambda: program(call))), asyncio.ensure_future(first.gone())
    try:
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
        return running.result() if running.done() else _KILLED
    except OutOfMemoryError:
        return _KILLED
    finally:
        running.cancel()
        ended.cancel()
        inside.processes.leave(process.pid)


def _refusal(inside: Inside, argv: tuple[str, ...], name: str) -> str:
    if not argv:
        return "args must not be empty"
    if inside.image.has(name):
        return f"the sandbox cannot run {argv[0]!r} beside a container's main process"
    if "/" in argv[0]:
        return f'unable to start container process: exec: "{argv[0]}": stat {argv[0]}: no such file or directory'
    return f'unable to start container process: exec: "{argv[0]}": executable file not found in $PATH'
