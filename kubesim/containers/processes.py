"""What runs in one container, by its number: whom a signal reaches, and what it does there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kubesim.containers.signals import HARMLESS, Signal

FIRST = 1
_MOST = 256  # a kubelet's podPidsLimit is often 1024 to 4096; fork bombs show at fewer, and cost memory here


class ForkError(RuntimeError):
    """The container has as many processes as it may have."""


class Running:
    """One process.

    Attributes:
        name: of its program.
        handler: what it does at a signal; None: what the kernel does.
        ended_by: the signal that ended it.
    """

    __slots__ = ("ended_by", "handler", "name", "pid", "task")

    def __init__(self, pid: int, name: str) -> None:
        self.pid, self.name = pid, name
        self.handler: Callable[[Signal], None] | None = None
        self.task: asyncio.Task[object] | None = None
        self.ended_by: Signal | None = None

    def end(self, signal: Signal) -> None:
        """The signal's default action."""
        self.ended_by = self.ended_by or signal
        if self.task is not None:
            self.task.cancel()

    async def live(self, work: Callable[[], Awaitable[int]]) -> int:
        """Run its program; the exit code, also where a signal ended it."""
        self.task = task = asyncio.current_task()
        assert task is not None  # noqa: S101 - coroutines of containers run in tasks
        try:
            code = 0 if self.ended_by else await work()
            if self.ended_by and task.cancelling():
                await asyncio.sleep(0)  # a cancellation of itself has not arrived yet
        except asyncio.CancelledError:
            if self.ended_by is None:
                raise
            task.uncancel()
        finally:
            self.task = None
        return self.ended_by.exit_code if self.ended_by else code


class Processes:
    """The processes of one container; the first one is what the kubelet's signals reach."""

    __slots__ = ("_next", "_running")

    def __init__(self) -> None:
        self._running: dict[int, Running] = {}
        self._next = FIRST

    def enter(self, name: str) -> Running:
        """A new process.

        Raises:
            ForkError: there are too many.
        """
        if len(self._running) >= _MOST:
            raise ForkError(f"the sandbox's containers have at most {_MOST} processes")
        running = Running(self._next, name)
        self._next += 1
        self._running[running.pid] = running
        return running

    def leave(self, pid: int) -> None:
        """It is over."""
        self._running.pop(pid, None)

    def get(self, pid: int) -> Running | None:
        """One of them."""
        return self._running.get(pid)

    def handle(self, pid: int, handler: Callable[[Signal], None] | None) -> None:
        """Say what a process does at signals from now on; None: what the kernel does."""
        running = self._running.get(pid)
        if running is not None:
            running.handler = handler

    def pids(self, name: str = "") -> list[int]:
        """Of all, or of those of one program; the newest first, as pidof prints them."""
        return [pid for pid, running in reversed(self._running.items()) if not name or running.name == name]

    def rename(self, pid: int, name: str) -> None:
        """Another program has taken its place."""
        running = self._running.get(pid)
        if running is not None:
            running.name, running.handler = name, None

    def signal(self, pid: int, signal: Signal) -> bool:
        """Send a signal; whether there is such a process.

        The kernel keeps from a container's first process all that it has no handler for, SIGKILL from inside too.
        """
        running = self._running.get(pid)
        if running is None:
            return False
        if signal is Signal.KILL or running.handler is None:
            self.by_default(pid, signal)
        else:
            running.handler(signal)
        return True

    def by_default(self, pid: int, signal: Signal) -> None:
        """What the kernel does with a signal that a process says nothing about."""
        running = self._running.get(pid)
        if running is not None and pid != FIRST and signal not in HARMLESS:
            running.end(signal)

    def end_all(self) -> None:
        """The first one has ended, and the kernel kills the others."""
        mine = asyncio.current_task()
        for running in tuple(self._running.values()):
            if running.task is not mine:
                running.end(Signal.KILL)
