"""What a shell runs in the background, and waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from kubesim.containers.bounds import OutOfMemoryError
from kubesim.containers.inside import Inside
from kubesim.containers.processes import Running
from kubesim.containers.signals import Signal

_NO_SUCH_CHILD = 127


class Jobs:
    """The children of one shell that it did not wait for yet."""

    def __init__(self) -> None:
        self._ended: dict[int, asyncio.Future[int]] = {}
        self.last_pid = 0

    def start(self, inside: Inside, running: Running, work: Callable[[], Awaitable[int]]) -> None:
        """Let it run beside everything else."""
        ended: asyncio.Future[int] = inside.host.loop.create_future()
        self._ended[running.pid] = ended
        self.last_pid = running.pid

        async def live() -> None:
            code = Signal.KILL.exit_code
            try:
                code = await running.live(work)
            except OutOfMemoryError:
                pass  # the whole container ends
            finally:
                inside.processes.leave(running.pid)
                if not ended.done():
                    ended.set_result(code)

        inside.host.spawn(live())

    def pids(self) -> list[int]:
        """Of those that were not waited for, oldest first."""
        return list(self._ended)

    async def wait(self, pid: int, woken: asyncio.Event) -> int | None:
        """How one ended; None where something woke the shell before.

        One that is no child of this shell's is 127.
        """
        ended = self._ended.get(pid)
        if ended is None:
            return _NO_SUCH_CHILD
        waking = asyncio.ensure_future(woken.wait())
        try:
            either: set[asyncio.Future[Any]] = {ended, waking}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
        if not ended.done():
            return None
        del self._ended[pid]
        return ended.result()
