"""Connects, or asks who answers, on a schedule; each sample is a connection of its own."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import replace
from functools import lru_cache

from chaos.clock import RunClock
from chaos.model.outcome import OK, TIMEOUT, Outcome
from chaos.model.series import Series
from chaos.probes.http import HttpConversation, os_error_name
from chaos.probes.resolver import Resolver
from chaos.probes.sink import Sink
from chaos.probes.tasks import TaskProber
from chaos.vantage import Vantage


class ConnectionProber(TaskProber):
    """Samples connections of several series. Run it as `async with`: leaving ends what is under way.

    A sample by name resolves first (phase ``resolve``), then connects (``connect``), then, but for ``tcp`` series, asks
    who is there (``response``). One timeout covers all of it, as it would for a client.

    Attributes:
        opened: connections tried.
    """

    def __init__(self, vantage: Vantage, clock: RunClock, sink: Sink, resolver: Resolver) -> None:
        self.opened = 0
        self._vantage = vantage
        super().__init__(clock)
        self._sink = sink
        self._resolver = resolver

    def add(self, series: Series, port: int, phase_s: float) -> None:
        """Sample one more series, first in `phase_s` seconds."""

        def fire(scheduled_ns: int) -> None:
            self.begin(self._sample(series, port, scheduled_ns))

        self._schedules.add(series.id, series.period_s, phase_s, fire)

    async def _sample(self, series: Series, port: int, scheduled_ns: int) -> None:
        sent_ns = self._clock.now_ns()
        attempt = _Attempt(self._vantage, self._resolver, series, port)
        try:
            async with asyncio.timeout(series.timeout_s):
                outcome = await attempt.run()
        except TimeoutError:
            outcome = Outcome(TIMEOUT, phase=attempt.phase, address=attempt.address)
        self.opened += attempt.opened
        self._sink.sample(series.id, scheduled_ns, sent_ns, self._clock.now_ns(), self._sink.outcome_id(outcome))


class _Attempt:
    """One connection; says how far it came."""

    __slots__ = ("_port", "_resolver", "_series", "_vantage", "address", "opened", "phase")

    def __init__(self, vantage: Vantage, resolver: Resolver, series: Series, port: int) -> None:
        self.phase = "resolve"
        self.address = ""
        self.opened = 0
        self._vantage = vantage
        self._resolver = resolver
        self._series = series
        self._port = port

    async def run(self) -> Outcome:
        name = self._series.name
        if is_address(name):
            self.address = name
        else:
            found, address = await self._resolver.locate(name)
            if found.status != "NOERROR":
                return replace(found, phase="resolve")
            self.address = address
        self.phase = "connect"
        self.opened = 1
        try:
            series = self._series
            transport = await self._vantage.open_tcp(lambda: HttpConversation(series), self.address, self._port)
        except OSError as exc:
            return Outcome(os_error_name(exc), phase="connect", address=self.address)
        conversation = transport.get_protocol()
        assert isinstance(conversation, HttpConversation)  # noqa: S101 - the factory's own
        try:
            if self._series.probe == "tcp":
                return Outcome(OK, phase="connect", address=self.address)
            self.phase = "response"
            return replace(await conversation.request(name), address=self.address)
        finally:
            conversation.close()


@lru_cache(maxsize=1024)
def is_address(name: str) -> bool:
    """Whether it is an IP address rather than a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
