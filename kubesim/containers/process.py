"""A container's main process: starts, serves, gets signals, ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol

from kubesim.containers.execution import execute
from kubesim.containers.host import ContainerHost
from kubesim.containers.input import Input
from kubesim.containers.inside import Inside
from kubesim.containers.log import Log
from kubesim.containers.processes import FIRST
from kubesim.containers.signals import Signal
from kubesim.network import DatagramHandler, Listener
from kubesim.store import Object
from kubesim.truth import Fact

SIGKILL_EXIT = 137  # 128 + 9


class ContainerProcess(Protocol):
    """What the kubelet can do with a container.

    Attributes:
        message: why it ended, for a container status; empty where there is nothing to say.
        reason: the same in a word, such as ``OOMKilled``; empty where the exit code tells it.
        log: what it wrote.
        reads_stdin: it does nothing but wait for input.
    """

    message: str
    reason: str
    log: Log
    reads_stdin: bool

    async def execute(
        self, argv: tuple[str, ...], stdin: Input, out: Callable[[str], None], err: Callable[[str], None]
    ) -> int:
        """Run a command beside it, to its end; see `kubesim.containers.execution.execute`."""

    async def start(self) -> None:
        """Start, and return when its ports are open (or it has ended)."""

    def close_stdin(self) -> None:
        """Its standard input is at its end, which matters to what waits for it."""

    def terminate(self) -> None:
        """The image's stop signal, which most often is SIGTERM."""

    def kill(self) -> None:
        """SIGKILL: ends at once with 137."""


class Process:
    """What all simulated programs share; alone, one without signal handlers, which as PID 1 ignores SIGTERM.

    Args:
        on_exit: called once with the exit code, by the event loop, at the instant of the exit.

    Attributes:
        inside: set by who makes the process, before it is started.
        pid: the same.
        stops_at: signals at which it ends in its own way.
    """

    inside: Inside
    pid = FIRST
    stops_at: ClassVar[frozenset[Signal]] = frozenset()
    reads_stdin = False

    def __init__(self, host: ContainerHost, pod: Object, ip: str, on_exit: Callable[[int], None]) -> None:
        self.host = host
        self.pod_name: str = pod["metadata"]["name"]
        self.ip = ip
        self.message = self.reason = ""
        self.log = Log(host.clock)
        self.ended = False
        self._on_exit = on_exit
        self._killed = asyncio.Event()
        self._listeners: list[Listener] = []
        self._timers: list[asyncio.TimerHandle] = []

    async def start(self) -> None:
        """Start; see `ContainerProcess`."""

    async def execute(
        self, argv: tuple[str, ...], stdin: Input, out: Callable[[str], None], err: Callable[[str], None]
    ) -> int:
        """Run a command beside it; see `ContainerProcess`."""
        return await execute(self.inside, argv, stdin, out, err, self)

    def close_stdin(self) -> None:
        """Most programs read nothing."""

    async def gone(self) -> None:
        """Wait for its end."""
        await self._killed.wait()

    def terminate(self) -> None:
        """The image's stop signal, to whatever is the first process by now."""
        self.inside.processes.signal(FIRST, self.inside.image.stop_signal)

    def signal(self, signal: Signal) -> None:
        """A signal to this program."""
        if signal in self.stops_at:
            self.stop(signal)
        else:
            self.inside.processes.by_default(self.pid, signal)

    def stop(self, signal: Signal) -> None:
        """End in its own way, at one of `stops_at`; may be told so again."""

    def out_of_memory(self, message: str) -> None:
        """The kernel ends the container for what one of its programs took."""
        if not self.ended:
            self.log.write(f"{message}\n")
            self.message, self.reason = message, "OOMKilled"
            self.end(SIGKILL_EXIT)

    def kill(self) -> None:
        """SIGKILL."""
        self.end(SIGKILL_EXIT)

    def end(self, code: int) -> None:
        """Close everything and report the exit; only the first call counts."""
        if self.ended:
            return
        self.ended = True
        self._killed.set()
        for timer in self._timers:
            timer.cancel()
        self.close_ports()
        self.log.close()
        if self.pid == FIRST:
            self.inside.processes.end_all()
        self.host.loop.call_soon(self._on_exit, code)

    def close_ports(self) -> None:
        """Listen no more; connections that are open end."""
        if self._listeners:
            self._say_serving(())
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    def stop_accepting(self) -> None:
        """Listen no more; connections that are open go on."""
        for listener in self._listeners:
            listener.stop_accepting()

    async def run_for(self, seconds: float) -> None:
        """Be busy for a while; returns early where the process is killed meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._killed.wait()
        except TimeoutError:
            return

    def later(self, after_s: float, callback: Callable[[], None]) -> None:
        """Call back after a delay, unless the process has ended."""
        self._timers.append(self.host.loop.call_later(after_s, callback))

    async def listen_tcp(self, port: int, factory: Callable[[], asyncio.Protocol]) -> None:
        """Open a TCP port; where that cannot be (somebody in the pod has it), say so and exit with 1."""
        await self._open(port, self.host.network.listen_tcp(self.ip, port, factory))

    async def listen_udp(self, port: int, handler: DatagramHandler) -> None:
        """Open a UDP port; otherwise as `listen_tcp`."""
        await self._open(port, self.host.network.listen_udp(self.ip, port, handler))

    async def _open(self, port: int, listening: Awaitable[Listener]) -> None:
        try:
            self.opened(await listening)
        except OSError as exc:
            self.message = f"bind() to {self.ip}:{port} failed: {exc.strerror}"
            self.end(1)

    def opened(self, listener: Listener) -> None:
        """A port is open, until it is closed or the process ends."""
        if self.ended:  # killed while the port was being opened
            listener.close()
            return
        if not self._listeners:
            self._say_serving(("yes",))
        self._listeners.append(listener)

    def closed(self, listener: Listener) -> None:
        """Close one port."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            if not self._listeners:
                self._say_serving(())
            listener.close()

    def crashed(self, message: str) -> None:
        """Its program ends by an error."""
        self.message = message

    def _say_serving(self, value: tuple[str, ...]) -> None:
        self.host.truth.add(Fact(self.host.clock.now_s(), "serving", self.pod_name, self.ip, value))
