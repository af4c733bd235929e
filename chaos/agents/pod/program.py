"""What an agent does, whatever carries its lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from chaos.agents.pod.outbox import Outbox
from chaos.agents.protocol import VERSION, Message, decode, encode, outcome_fields
from chaos.clock import RunClock
from chaos.model import Series
from chaos.probes import DnsView, LocalHost
from chaos.vantage import Vantage

Send = Callable[[bytes], None]


class Program:
    """Answers a runner's messages and probes for it. `run` must be under way.

    Args:
        clock: the agent's own; the runner finds out how it relates to its own.
        vantage: how addresses are reached from here.
        about: what the runner should know of this pod, such as the Python version.

    Attributes:
        heard_s: when the runner was last heard, by the loop's clock.
    """

    def __init__(self, clock: RunClock, vantage: Vantage, about: dict[str, Any]) -> None:
        self.heard_s = clock.loop.time()
        self._clock = clock
        self._vantage = vantage
        self._about = about
        self._outbox = Outbox()
        self._done = 0  # number of the last command that was carried out
        self._first_hello: asyncio.Future[Message] = clock.loop.create_future()
        self._over = asyncio.Event()
        self._host: LocalHost | None = None
        self._early: list[Message] = []
        self._resolving: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Probe until the runner says goodbye."""
        hello = await self._first_hello
        views = [DnsView(**view) for view in hello["views"]]
        async with LocalHost(self._vantage, self._clock, self._outbox, views, hello["timeout_s"]) as self._host:
            for message in self._early:
                self._carry_out(message)
            await self._over.wait()

    def end(self) -> None:
        """Stop probing and let `run` return."""
        if not self._first_hello.done():
            self._first_hello.cancel()
        self._over.set()

    def receive(self, line: bytes, send: Send) -> None:
        """Take in one line; answers go to `send`.

        Raises:
            ValueError: it is no message of this protocol.
        """
        message = decode(line)
        self.heard_s = self._clock.loop.time()
        if "ping" in message:
            self._pong(message, send)
        elif "do" in message:
            self._command(message)
        elif "resolve" in message:
            task = self._clock.loop.create_task(self._resolve(message, send))
            self._resolving.add(task)
            task.add_done_callback(self._resolving.discard)
        elif "count" in message:
            counters = self._host.counters() if self._host is not None else {}
            send(encode({"counted": message["count"], "counters": counters}))
        elif "hello" in message:
            self._greet(message, send)
        elif "bye" in message:
            self.end()
        else:
            raise ValueError(f"{line[:80]!r} is no message of this protocol")

    def _greet(self, message: Message, send: Send) -> None:
        if message["hello"] != VERSION:
            send(encode({"problem": f"it speaks version {VERSION} of the protocol, not {message['hello']}"}))
            return
        if not self._first_hello.done():
            self._first_hello.set_result(message)
        self._outbox.acknowledged(message["have"])
        send(encode({"hello": VERSION, "done": self._done, **self._about}))
        for batch in self._outbox.unacknowledged():
            send(batch)

    def _pong(self, message: Message, send: Send) -> None:
        at_ns = self._clock.now_ns()
        late = {} if self._host is None else self._host.too_late()
        send(encode({"pong": message["ping"], "at": at_ns, "done": self._done, **({"late": late} if late else {})}))
        self._outbox.acknowledged(message["have"])
        batch = self._outbox.take(message["ping"], at_ns)
        if batch is not None:
            send(batch)

    def _command(self, message: Message) -> None:
        if message["do"] != self._done + 1:
            return  # the runner sends it again where the cut kept our answer from it
        self._done = message["do"]
        if self._host is None:
            self._early.append(message)
        else:
            self._carry_out(message)

    def _carry_out(self, message: Message) -> None:
        assert self._host is not None  # noqa: S101 - both callers know
        what = message["what"]
        if what == "open":
            self._host.open(Series(**message["series"]), message["port"], message["phase_s"])
        elif what == "close":
            self._host.close(message["series"])
        elif what == "pace":
            self._host.pace(dict(message["periods"]))
        elif what == "stop":
            self._host.stop()

    async def _resolve(self, message: Message, send: Send) -> None:
        while self._host is None:  # noqa: ASYNC110 - a moment, at the very beginning
            await asyncio.sleep(0)
        outcome = await self._host.resolve(message["name"], message["rtype"], message["view"], message["timeout_s"])
        send(encode({"resolved": message["resolve"], "outcome": outcome_fields(outcome)}))
