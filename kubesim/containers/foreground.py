"""A main process that runs a program to its end: a script, `sleep 3600`, `nslookup web`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.containers.bounds import OutOfMemoryError
from kubesim.containers.call import Call, Program
from kubesim.containers.input import Input
from kubesim.containers.inside import Inside
from kubesim.containers.log import PassedLog
from kubesim.containers.process import Process
from kubesim.containers.processes import FIRST
from kubesim.containers.servers import make_server
from kubesim.network import Listener

# A start returns when the script's first server has its ports open, or after this: what a script does before is not
# what a runtime waits for.
_START_WITHIN_S = 0.03
_LINES_PER_STEP = 4  # of the log, where many are written at once


class Foreground(Process):
    """A container's first process that runs a coroutine (`Program`) to its end.

    Signals reach the program only where it asks for them (`Call.until_signal`, a shell's trap). Servers that it starts
    end with it.

    Args:
        program: what runs.
        argv: its arguments.
    """

    def __init__(self, inside: Inside, on_exit: Callable[[int], None], program: Program, argv: tuple[str, ...]) -> None:
        super().__init__(inside.host, inside.pod, inside.ip, on_exit)
        self._within = inside
        self._program = program
        self._argv = argv
        self._task: asyncio.Task[None] | None = None
        self._servers: list[Process] = []
        self._under_way = asyncio.Event()

    async def start(self) -> None:
        """Begin."""
        self.host.spawn(self._live())
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                await self._under_way.wait()
        except TimeoutError:
            return

    def end(self, code: int) -> None:
        """Take the servers and the script along."""
        if self.ended:
            return
        super().end(code)
        self._under_way.set()
        for server in tuple(self._servers):
            server.end(code)
        if self._task is not None and self._task is not asyncio.current_task(self.host.loop):
            self._task.cancel()

    async def _live(self) -> None:
        if self.ended:
            return
        self._task = asyncio.current_task()
        within, write = self._within, self._write
        variables = dict(within.environment)
        call = Call(within, self._argv, variables, Input(), write, write, FIRST, self, within.folder, self._serve)
        try:
            code = await self._program(call)
        except asyncio.CancelledError:
            if not self.ended:
                raise
            return
        except OutOfMemoryError:
            return  # the container has been ended for it already
        self.end(code)

    def opened(self, listener: Listener) -> None:
        """A program's port is open: it does what the container is for."""
        super().opened(listener)
        self._under_way.set()

    def _write(self, text: str) -> None:
        """Write to the log. Each line costs CPU here, so a program that writes very many is slowed down for it."""
        self._within.bounds.count(text.count("\n") // _LINES_PER_STEP)
        self.log.write(text)

    async def _serve(self, call: Call) -> int:
        ended: asyncio.Future[int] = self.host.loop.create_future()

        def on_exit(code: int) -> None:
            if not ended.done():
                ended.set_result(code)

        server = make_server(call.inside, call.argv, on_exit)
        assert server is not None  # noqa: S101 - who calls it has asked whether the image serves it
        server.inside, server.log, server.pid = call.inside, PassedLog(self.host.clock, call.out), call.pid
        call.inside.processes.handle(call.pid, server.signal)
        self._servers.append(server)
        try:
            await server.start()
            self._under_way.set()
            code = await ended
        except asyncio.CancelledError:
            running = call.inside.processes.get(call.pid)
            if running is not None and running.ended_by:  # otherwise the whole cluster is being stopped
                server.end(running.ended_by.exit_code)
            raise
        finally:
            self._servers.remove(server)
        self.message = self.message or server.message
        return code
