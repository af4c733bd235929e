"""Samples client libraries on a schedule into the history, and keeps long-lived connections."""

from __future__ import annotations

import asyncio

from chaos.clients.dialer import Dialer
from chaos.clients.session import Attempt, Login, Session, ask_once
from chaos.clock import RunClock
from chaos.model import Outcome, Series
from chaos.probes.schedule import Slots
from chaos.probes.sink import Sink
from chaos.probes.tasks import TaskProber


class Sampler(TaskProber):
    """Runs series of client libraries. Use it as `async with`: leaving ends what is under way, unrecorded.

    Attributes:
        opened: connections tried.
    """

    def __init__(self, dialer: Dialer, clock: RunClock, sink: Sink) -> None:
        self.opened = 0
        super().__init__(clock)
        self._dialer = dialer
        self._sink = sink
        self._held: dict[int, asyncio.Task[None]] = {}
        self._slots: list[Slots] = []  # of all long-lived connections so far

    @property
    def missed(self) -> int:
        """Slots that came up too late, or while the question before on the same connection was under way."""
        return super().missed + sum(slots.missed for slots in self._slots)

    def connect(self, series: Series, kind: type[Session], login: Login, port: int, times: int = 0) -> None:
        """One connection and one question (the series') a period; so many times, or until the series is closed (0)."""
        begun = 0

        async def sample(scheduled_ns: int) -> None:
            sent_ns = self._clock.now_ns()
            self.opened += 1
            reply = await ask_once(self._dialer, kind, login, _host(series), port, series.ask, series.timeout_s)
            self.record(series, scheduled_ns, sent_ns, reply.outcome)

        def fire(scheduled_ns: int) -> None:
            nonlocal begun
            begun += 1
            if begun == times:
                self._schedules.remove(series.id)
            self.begin(sample(scheduled_ns))

        self._schedules.add(series.id, series.period_s, 0.0, fire)

    def hold(self, series: Series, kind: type[Session], login: Login, port: int) -> None:
        """One long-lived connection: a question a period on it; another is opened when it has ended."""
        slots = Slots(self._clock, series.period_s)
        self._slots.append(slots)
        held = _Held(self, self._dialer, self._clock, series, kind, login, port, slots)
        self._held[series.id] = self.begin(held.run())

    def close(self, series_id: int) -> None:
        """Sample a series no more; a connection under way still ends by itself, a long-lived one now."""
        self._schedules.remove(series_id)
        if series_id in self._held:
            self._held.pop(series_id).cancel()

    def record(self, series: Series, scheduled_ns: int, sent_ns: int, outcome: Outcome) -> None:
        """Write down a sample that ends now."""
        outcome_id = self._sink.outcome_id(outcome)
        self._sink.sample(series.id, scheduled_ns, sent_ns, self._clock.now_ns(), outcome_id)


def _host(series: Series) -> str:
    """As the dialer takes it: names of a series are absolute, without their final dot."""
    return series.name if not series.view else f"{series.name}."


class _Held:
    """A long-lived connection. The end of an idle one is a sample too (phase ``idle``), recorded when it is seen."""

    def __init__(
        self,
        sampler: Sampler,
        dialer: Dialer,
        clock: RunClock,
        series: Series,
        kind: type[Session],
        login: Login,
        port: int,
        slots: Slots,
    ) -> None:
        self._sampler = sampler
        self._dialer = dialer
        self._clock = clock
        self._series = series
        self._kind = kind
        self._login = login
        self._port = port
        self._slots = slots

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            attempt = Attempt(self._dialer, self._kind, self._login)
            try:
                await self._use(attempt)
            finally:
                attempt.close()
            await self._slots.next()

    async def _use(self, attempt: Attempt) -> None:
        series, clock = self._series, self._clock
        sent_ns = clock.now_ns()
        self._sampler.opened += 1
        failed = await attempt.open(_host(series), self._port, series.timeout_s)
        if failed is not None:
            self._sampler.record(series, self._slots.due_ns, sent_ns, failed)
            return
        session = attempt.session
        assert session is not None  # noqa: S101 - it is open
        while True:
            reply = await attempt.ask(series.ask, series.timeout_s)
            self._sampler.record(series, self._slots.due_ns, sent_ns, reply.outcome)
            if not reply.ok:
                return
            idle_ns = clock.now_ns()
            await self._slots.next(session.stream.ended)
            if session.stream.ended.done():
                self._sampler.record(series, self._slots.due_ns, idle_ns, attempt.lost())
                return
            sent_ns = clock.now_ns()
