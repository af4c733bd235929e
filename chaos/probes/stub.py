"""Resolves a name as a program's own resolver library does: with its timeout, its retries, its several servers."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chaos.clock import RunClock
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT, TIMEOUT, Outcome
from chaos.model.series import Series
from chaos.probes.answer import DnsQuestion, StrayAnswerError, shared_question
from chaos.probes.dns import DnsView
from chaos.probes.sink import Sink
from chaos.probes.tasks import TaskProber
from chaos.vantage import UdpPort, Vantage


@dataclass(frozen=True, slots=True)
class StubOptions:
    """What a resolv.conf says under ``options`` (man 5 resolv.conf; the defaults are those of glibc).

    Attributes:
        timeout_s: until the next server or attempt is tried; musl spreads its attempts over it.
        attempts: rounds through the servers.
        rotate: each lookup begins with another server.
        musl: ask all servers at once, repeat each ``timeout / attempts``, and pay no heed to refused datagrams.
    """

    timeout_s: float = 5.0
    attempts: int = 2
    rotate: bool = False
    musl: bool = False

    @classmethod
    def parse(cls, text: str) -> StubOptions:
        """Read ``timeout:1 attempts:3 rotate``; ``musl`` stands for that library's way.

        Raises:
            ValueError: an option is not known.
        """
        flags: set[str] = set()
        default = cls()
        timeout_s, attempts = default.timeout_s, default.attempts
        for word in text.split():
            name, _, value = word.partition(":")
            if name == "timeout":
                timeout_s = float(value)
            elif name == "attempts":
                attempts = int(value)
            elif word in ("rotate", "musl"):
                flags.add(word)
            else:
                raise ValueError(f"{word!r} is no option of a resolver")
        return cls(timeout_s, attempts, "rotate" in flags, "musl" in flags)

    def longest_s(self, servers: int) -> float:
        """After which a lookup gives up."""
        return self.timeout_s if self.musl else self.timeout_s * self.attempts * servers


class StubProber(TaskProber):
    """Samples lookups: each sample's time is what a program would have waited. Run it as `async with`.

    The series' `view` names the servers, with commas between them, its `resolver` the options. An outcome's detail says
    how many queries it took.

    Attributes:
        sent: queries sent.
    """

    def __init__(self, vantage: Vantage, clock: RunClock, sink: Sink, views: Mapping[str, DnsView]) -> None:
        self.sent = 0
        self._vantage = vantage
        super().__init__(clock)
        self._sink = sink
        self._views = views

    def add(self, series: Series, phase_s: float) -> None:
        """Sample one more series, first in `phase_s` seconds.

        Raises:
            ValueError: it has options that are not known.
        """
        options = StubOptions.parse(series.resolver)
        question = shared_question(series.name, series.record.partition(" ")[0])
        servers = [self._views[name] for name in series.view.split(",")]
        begun = 0

        def fire(scheduled_ns: int) -> None:
            nonlocal begun
            first = begun % len(servers) if options.rotate else 0
            begun += 1
            ordered = servers[first:] + servers[:first]
            self.begin(self._sample(series, options, question, ordered, scheduled_ns))

        self._schedules.add(series.id, series.period_s, phase_s, fire)

    async def _sample(
        self, series: Series, options: StubOptions, question: DnsQuestion, servers: Sequence[DnsView], scheduled_ns: int
    ) -> None:
        sent_ns = self._clock.now_ns()
        lookup = _Lookup(self._vantage, options, question, servers)
        try:
            outcome = await lookup.run()
        finally:
            self.sent += lookup.sent
            lookup.close()
        queries = "1 query" if lookup.sent == 1 else f"{lookup.sent} queries"
        outcome_id = self._sink.outcome_id(replace(outcome, detail=queries))
        self._sink.sample(series.id, scheduled_ns, sent_ns, self._clock.now_ns(), outcome_id)


class _Server:
    """The port to one server; late answers to earlier queries count, as they do for a real library."""

    __slots__ = ("_heard", "_question", "port")

    def __init__(self, question: DnsQuestion, heard: asyncio.Queue[Outcome]) -> None:
        self._question = question
        self._heard = heard
        self.port: UdpPort | None = None

    def datagram(self, data: bytes) -> None:
        if data[:2] != b"\0\0":
            return
        try:
            self._heard.put_nowait(self._question.read(data))
        except StrayAnswerError:
            return

    def error(self, exc: OSError) -> None:
        self._heard.put_nowait(Outcome(errno.errorcode.get(exc.errno or 0, type(exc).__name__), phase="send"))


class _Lookup:
    """One call of getaddrinfo, for one record type."""

    def __init__(
        self, vantage: Vantage, options: StubOptions, question: DnsQuestion, servers: Sequence[DnsView]
    ) -> None:
        self.sent = 0
        self._vantage = vantage
        self._options = options
        self._question = question
        self._views = servers
        self._heard: asyncio.Queue[Outcome] = asyncio.Queue()
        self._servers = [_Server(question, self._heard) for _ in servers]

    async def run(self) -> Outcome:
        options = self._options
        if options.musl:
            rounds: Iterable[Sequence[int]] = [range(len(self._servers))] * options.attempts
            wait_s = options.timeout_s / options.attempts
        else:
            rounds = [(position,) for _ in range(options.attempts) for position in range(len(self._servers))]
            wait_s = options.timeout_s
        failure = Outcome(TIMEOUT)
        for positions in rounds:
            for position in positions:
                self._send(position)
            try:
                async with asyncio.timeout(wait_s):
                    found = await self._answer()
            except TimeoutError:
                continue
            if found.status in DNS_PRESENT or found.status in DNS_ABSENT:
                return found
            failure = found  # SERVFAIL, REFUSED, a refused datagram: the next one is asked at once
        return failure

    async def _answer(self) -> Outcome:
        while True:
            found = await self._heard.get()
            if found.phase != "send" or not self._options.musl:
                return found

    def _send(self, position: int) -> None:
        server, view = self._servers[position], self._views[position]
        self.sent += 1
        try:
            if server.port is None:
                server.port = self._vantage.open_udp(view.address, view.port, server)
            server.port.send(b"\0\0" + self._question.tail)
        except OSError as exc:
            server.error(exc)

    def close(self) -> None:
        for server in self._servers:
            if server.port is not None:
                server.port.close()
