"""A main process that runs a program to its end: a script, `sleep 3600`, `nslookup web`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from chaos.sandbox.containers.inside import Inside
from chaos.sandbox.containers.process import Process
from chaos.sandbox.containers.programs import Call, Input, Program
from chaos.sandbox.containers.servers import SERVERS

# A start returns when the script's first server has its ports open, or after this: what a script does before is not
# what a runtime waits for.
_START_WITHIN_S = 0.03


class Foreground(Process):
    """PID 1 without a signal handler, as shells are: it ignores SIGTERM, and passes it on to nobody.

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
        self._server: Process | None = None
        self._replaced = False
        self._under_way = asyncio.Event()

    async def start(self) -> None:
        """Begin."""
        self.host.spawn(self._live())
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                await self._under_way.wait()
        except TimeoutError:
            return

    def terminate(self) -> None:
        """SIGTERM reaches a server only where it took the shell's place."""
        if self._server is not None and self._replaced:
            self._server.terminate()

    def end(self, code: int) -> None:
        """Take the server and the script along."""
        if self.ended:
            return
        super().end(code)
        self._under_way.set()
        if self._server is not None:
            self._server.end(code)
        if self._task is not None and self._task is not asyncio.current_task(self.host.loop):
            self._task.cancel()

    async def _live(self) -> None:
        if self.ended:
            return
        self._task = asyncio.current_task()
        write = self.log.write
        call = Call(self._within, self._argv, dict(self._within.environment), Input(), write, write, self._serve)
        try:
            code = await self._program(call)
        except asyncio.CancelledError:
            if not self.ended:
                raise
            return
        self.end(code)

    def _serve(self, call: Call, replaces: bool) -> Coroutine[Any, Any, int] | None:
        if call.name not in SERVERS or call.name not in call.inside.image.programs:
            return None
        return self._run_server(call, replaces=replaces)

    async def _run_server(self, call: Call, *, replaces: bool) -> int:
        ended: asyncio.Future[int] = self.host.loop.create_future()

        def on_exit(code: int) -> None:
            if not ended.done():
                ended.set_result(code)

        server = SERVERS[call.name](call.inside, call.argv, on_exit, not replaces)
        server.inside, server.log = call.inside, self.log
        self._server, self._replaced = server, replaces
        await server.start()
        self._under_way.set()
        code = await ended
        self.message = self.message or server.message
        self._server = None
        return code
