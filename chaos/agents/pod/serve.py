"""The pod's process: probes, and answers the exec streams that attach to it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import platform
import signal
import socket
import sys

import dns.version

from chaos.agents.pod.meeting import ADDRESS, peer_uid
from chaos.agents.pod.program import Program
from chaos.agents.pod.skew import Skew, SkewedClock
from chaos.clock import RunClock
from chaos.vantage.local import LocalVantage

_LOOK_S = 1.0
# A line of the protocol is some hundred bytes; more without an end is not the runner.
_LINE_BYTES = 1 << 20


def serve(arguments: list[str]) -> None:
    """Serve until the runner says goodbye or is not heard for too long; then the process ends and the Job is over."""
    parser = argparse.ArgumentParser("agent.pyz serve")
    parser.add_argument("--alone-s", type=float, required=True, help="end after so long without a runner")
    parser.add_argument(
        "--clock",
        action="append",
        default=[],
        help="be wrong on purpose: offset=S,drift=RATE,step=S@S; given several times, the Job's index chooses",
    )
    given = parser.parse_args(arguments)
    skew = None
    if given.clock:
        index = int(os.environ.get("JOB_COMPLETION_INDEX", "0"))
        skew = Skew.parse(given.clock[index % len(given.clock)])
    asyncio.run(_serve(given.alone_s, skew))


async def _serve(alone_s: float, skew: Skew | None) -> None:
    loop = asyncio.get_running_loop()
    clock = RunClock(loop) if skew is None else SkewedClock(loop, skew)
    about = {
        "python": platform.python_version(),
        "dnspython": dns.version.version,
        "node": os.environ.get("NODE_NAME", ""),
        "pid": os.getpid(),
    }
    program = Program(clock, LocalVantage(), about)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, program.end)
    server = await loop.create_unix_server(lambda: _Connection(program), sock=_meeting_point())
    watch = loop.create_task(_until_alone(program, alone_s))
    # Imported modules are never freed, so the garbage collector need not go through them again while probes run.
    gc.collect()
    gc.freeze()
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await program.run()
    finally:
        watch.cancel()
        server.close()


async def _until_alone(program: Program, alone_s: float) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() - program.heard_s < alone_s:  # noqa: ASYNC110 - a look a second
        await asyncio.sleep(_LOOK_S)
    print(f"no runner was heard for {alone_s:.0f} s: ending", file=sys.stderr)
    program.end()


def _meeting_point() -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(ADDRESS)
    return listening


class _Connection(asyncio.Protocol):
    """One exec stream. A newer one replaces it: then it was cut, and its other end may not know yet."""

    newest: _Connection | None = None

    def __init__(self, program: Program) -> None:
        self._program = program
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream socket
        if peer_uid(transport.get_extra_info("socket")) != os.getuid():
            transport.abort()
            return
        self._transport = transport
        older, _Connection.newest = _Connection.newest, self
        if older is not None:
            older.end()

    def end(self) -> None:
        """Let go of the exec stream."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._program.receive(line, self._send)
        if len(self._rest) > _LINE_BYTES:
            self.end()

    def _send(self, line: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(line)
