"""Resolves a name as a program's own resolver library does: with its timeout, its retries, its several servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chaos.clock import RunClock
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT, TIMEOUT, TRUNCATED, Outcome
from chaos.model.series import Series
from chaos.probes.answer import DnsQuestion, StrayAnswerError, shared_question
from chaos.probes.http import os_error_name
from chaos.probes.over_tcp import ask_over_tcp
from chaos.probes.sink import Sink
from chaos.probes.tasks import TaskProber
from chaos.probes.view import DnsView
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
        over_tcp: how many of them went over TCP.
        stray: datagrams that did not answer the question.
    """

    def __init__(self, vantage: Vantage, clock: RunClock, sink: Sink, views: Mapping[str, DnsView]) -> None:
        self.sent = 0
        self.over_tcp = 0
        self.stray = 0
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
            self.over_tcp += lookup.over_tcp
            self.stray += lookup.stray
            lookup.close()
        queries = "1 query" if lookup.sent == 1 else f"{lookup.sent} queries"
        outcome_id = self._sink.outcome_id(replace(outcome, detail=queries))
        self._sink.sample(series.id, scheduled_ns, sent_ns, self._clock.now_ns(), outcome_id)


class _Server:
    """The port to one server; late answers to earlier queries count, as they do for a real library."""

    __slots__ = ("_lookup", "port", "view")

    def __init__(self, lookup: _Lookup, view: DnsView) -> None:
        self._lookup = lookup
        self.view = view
        self.port: UdpPort | None = None

    def datagram(self, data: bytes) -> None:
        self._lookup.datagram(self, data)

    def error(self, exc: OSError) -> None:
        self._lookup.heard.put_nowait((self, Outcome(os_error_name(exc), phase="send")))


class _Lookup:
    """One call of getaddrinfo, for one record type."""

    def __init__(
        self, vantage: Vantage, options: StubOptions, question: DnsQuestion, servers: Sequence[DnsView]
    ) -> None:
        self.sent = 0
        self.over_tcp = 0
        self.stray = 0
        self.heard: asyncio.Queue[tuple[_Server, Outcome]] = asyncio.Queue()
        self._vantage = vantage
        self._options = options
        self._question = question
        self._query_id = vantage.random_16_bits().to_bytes(2, "big")
        self._servers = [_Server(self, view) for view in servers]

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
                self._send(self._servers[position])
            until_s = asyncio.get_running_loop().time() + wait_s
            try:
                async with asyncio.timeout_at(until_s):
                    found = await self._answer(until_s)
            except TimeoutError:
                continue
            if found.status in DNS_PRESENT or found.status in DNS_ABSENT:
                return found
            failure = found  # SERVFAIL, REFUSED, a refused datagram: the next one is asked at once
        return failure

    def datagram(self, server: _Server, data: bytes) -> None:
        """What came from one of the servers."""
        if data[:2] != self._query_id:
            self.stray += 1
            return
        try:
            self.heard.put_nowait((server, self._question.read(data)))
        except StrayAnswerError:
            self.stray += 1

    async def _answer(self, until_s: float) -> Outcome:
        while True:
            server, found = await self.heard.get()
            if found.status == TRUNCATED:  # glibc, and musl from 1.2.4 on, ask the same server over TCP
                self.sent += 1
                self.over_tcp += 1
                return (await ask_over_tcp(self._vantage, server.view, self._question, until_s))[0]
            if found.phase != "send" or not self._options.musl:
                return found

    def _send(self, server: _Server) -> None:
        view = server.view
        self.sent += 1
        try:
            if server.port is None:
                server.port = self._vantage.open_udp(view.address, view.port, server)
            server.port.send(self._query_id + self._question.tail)
        except OSError as exc:
            server.error(exc)

    def close(self) -> None:
        for server in self._servers:
            if server.port is not None:
                server.port.close()
