"""One long-lived connection: how and when does it end?"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from chaos.clock import RunClock
from chaos.model.outcome import TIMEOUT, Outcome
from chaos.model.series import Series
from chaos.probes.http import HttpConversation, os_error_name
from chaos.probes.resolver import Resolver
from chaos.probes.schedule import Slots
from chaos.probes.sink import Sink
from chaos.vantage import Vantage


class StreamProber:
    """Keeps one connection to a pod's name open and asks on it once a period; opens another when it has ended.

    Each request is a sample, and so is the end of an idle connection (phase ``idle``), recorded when it is seen. A
    request that is not answered within the timeout ends the connection: TIMEOUT, phase ``response``.

    Attributes:
        opened: connections tried.
    """

    def __init__(
        self, vantage: Vantage, clock: RunClock, sink: Sink, resolver: Resolver, series: Series, port: int
    ) -> None:
        self.opened = 0
        self._vantage = vantage
        self._clock = clock
        self._sink = sink
        self._resolver = resolver
        self._series = series
        self._port = port
        self._slots = Slots(clock, series.period_s)
        self._address = ""

    @property
    def missed(self) -> int:
        """Requests whose slot passed while the one before was under way."""
        return self._slots.missed

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        self._slots.due_ns = self._clock.now_ns()
        while True:
            conversation = await self._open()
            if conversation is not None:
                try:
                    await self._use(conversation)
                finally:
                    conversation.close()
            await self._slots.next()

    async def _open(self) -> HttpConversation | None:
        sent_ns = self._clock.now_ns()
        phase = "resolve"
        self._address = ""
        try:
            async with asyncio.timeout(self._series.timeout_s):
                found, address = await self._resolver.locate(self._series.name)
                if found.status != "NOERROR":
                    self._record(sent_ns, replace(found, phase="resolve"))
                    return None
                self._address = address
                phase = "connect"
                self.opened += 1
                series = self._series
                transport = await self._vantage.open_tcp(lambda: HttpConversation(series), self._address, self._port)
        except TimeoutError:
            self._record(sent_ns, Outcome(TIMEOUT, phase=phase, address=self._address))
            return None
        except OSError as exc:
            self._record(sent_ns, Outcome(os_error_name(exc), phase=phase, address=self._address))
            return None
        conversation = transport.get_protocol()
        assert isinstance(conversation, HttpConversation)  # noqa: S101 - the factory's own
        return conversation

    async def _use(self, conversation: HttpConversation) -> None:
        while True:
            sent_ns = self._clock.now_ns()
            try:
                async with asyncio.timeout(self._series.timeout_s):
                    outcome = await conversation.request(self._series.name)
            except TimeoutError:
                self._record(sent_ns, Outcome(TIMEOUT, phase="response", address=self._address))
                return
            self._record(sent_ns, replace(outcome, address=self._address))
            if conversation.lost is not None:
                return
            idle_ns = self._clock.now_ns()
            await self._slots.next(conversation.ended)
            if conversation.lost is not None:
                self._record(idle_ns, replace(conversation.lost, address=self._address))
                return

    def _record(self, sent_ns: int, outcome: Outcome) -> None:
        outcome_id = self._sink.outcome_id(outcome)
        self._sink.sample(self._series.id, self._slots.due_ns, sent_ns, self._clock.now_ns(), outcome_id)
