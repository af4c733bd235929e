"""Asks one DNS server for many records, each on a schedule of its own.

The cost of a sample decides how fine a recovery can be measured, so: queries are encoded once, ids patched in, one
socket serves a server, and an answer is parsed only when its bytes were not seen before.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from chaos.clock import RunClock
from chaos.model.outcome import TIMEOUT, TRUNCATED, Outcome
from chaos.model.series import Series
from chaos.probes.answer import DnsQuestion, StrayAnswerError
from chaos.probes.http import os_error_name
from chaos.probes.ids import MOST_OPEN, QueryIds
from chaos.probes.over_tcp import ask_over_tcp
from chaos.probes.schedule import Schedules
from chaos.probes.sink import Sink
from chaos.probes.view import DnsView
from chaos.vantage import UdpPort, Vantage


@dataclass(slots=True)
class _Asked:
    question: DnsQuestion
    series_id: int
    scheduled_ns: int
    sent_ns: int
    port: UdpPort | None  # the query's own, on a balanced view


class _OwnPort:
    """Receives the one answer to a query that has a port of its own."""

    __slots__ = ("_prober", "_query_id")

    def __init__(self, prober: DnsProber, query_id: int) -> None:
        self._prober = prober
        self._query_id = query_id

    def datagram(self, data: bytes) -> None:
        self._prober.answered(self._query_id, data)

    def error(self, exc: OSError) -> None:
        self._prober.failed(self._query_id, exc)


class DnsProber:
    """All samples of one view. Start it inside the running loop; `stop` ends it at once.

    Args:
        group: gets the questions that are asked again over TCP, since their answers were truncated.

    Attributes:
        sent: queries sent.
        over_tcp: how many of them went over TCP.
        stray: datagrams that answered no open question (late, doubled, wrong id, another question, not DNS).
        too_late: those of them that answer no question that is open now; of a balanced view they come to nobody.
    """

    def __init__(
        self,
        vantage: Vantage,
        clock: RunClock,
        sink: Sink,
        view: DnsView,
        timeout_s: float,
        group: asyncio.TaskGroup,
    ) -> None:
        self.view = view
        self.sent = 0
        self.over_tcp = 0
        self.stray = 0
        self.too_late = 0
        self._vantage = vantage
        self._clock = clock
        self._sink = sink
        self._timeout_ns = round(timeout_s * 1e9)
        self._timeout_id = sink.outcome_id(Outcome(TIMEOUT))
        self._schedules = Schedules(clock)
        self._open: dict[int, _Asked] = {}
        self._ids = QueryIds(vantage.random_16_bits)
        self._group = group
        self._again: set[asyncio.Task[None]] = set()
        self._port: UdpPort | None = None
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def missed(self) -> int:
        """Slots that came up too late to be sent."""
        return self._schedules.missed

    def start(self) -> None:
        """Begin to look for timeouts; series begin with `add`."""
        self._expiry = self._clock.loop.call_later(self._timeout_ns / 4e9, self._expire)

    def stop(self) -> None:
        """Send nothing more; questions still open stay unrecorded, since nobody waited for them long enough."""
        self._schedules.stop()
        if self._expiry is not None:
            self._expiry.cancel()
        for asked in self._open.values():
            if asked.port is not None:
                asked.port.close()
        self._open.clear()
        for task in self._again:
            task.cancel()
        if self._port is not None:
            self._port.close()
            self._port = None

    def add(self, series: Series, question: DnsQuestion, phase_s: float) -> None:
        """Ask for one more record, first in `phase_s` seconds."""

        def fire(scheduled_ns: int) -> None:
            self._ask(series.id, question, scheduled_ns)

        self._schedules.add(series.id, series.period_s, phase_s, fire)

    def remove(self, series_id: int) -> None:
        """Ask for it no more."""
        self._schedules.remove(series_id)

    def pace(self, series_id: int, period_s: float) -> None:
        """Go on at another period, if it is a series of this prober."""
        self._schedules.pace(series_id, period_s)

    # ---- one question ----

    def _ask(self, series_id: int, question: DnsQuestion, scheduled_ns: int) -> None:
        if len(self._open) >= MOST_OPEN:
            now_ns = self._clock.now_ns()
            outcome = Outcome("EAGAIN", phase="send", detail="too many questions are open")
            self._sink.sample(series_id, scheduled_ns, now_ns, now_ns, self._sink.outcome_id(outcome))
            return
        query_id = self._ids.draw()
        while query_id in self._open:
            query_id = self._ids.draw()
        asked = _Asked(question, series_id, scheduled_ns, self._clock.now_ns(), None)
        self._open[query_id] = asked
        self.sent += 1
        try:
            if self.view.balanced:
                port = asked.port = self._vantage.open_udp(self.view.address, self.view.port, _OwnPort(self, query_id))
            else:
                if self._port is None:
                    self._port = self._vantage.open_udp(self.view.address, self.view.port, self)
                port = self._port
        except OSError as exc:
            self.failed(query_id, exc)
            return
        port.send(query_id.to_bytes(2, "big") + question.tail)

    def datagram(self, data: bytes) -> None:
        """An answer on the shared port."""
        if len(data) < 2:  # noqa: PLR2004 - a DNS message id
            self.stray += 1
            return
        self.answered(data[0] << 8 | data[1], data)

    def answered(self, query_id: int, data: bytes) -> None:
        """An answer that came for a question."""
        asked = self._open.get(query_id)
        if asked is None or data[:2] != query_id.to_bytes(2, "big"):
            self.stray += 1
            self.too_late += asked is None
            return
        received_ns = self._clock.now_ns()
        try:
            outcome = asked.question.read(data)
        except StrayAnswerError:
            self.stray += 1
            return
        if outcome.status == TRUNCATED:
            self._ask_again(query_id, asked)
        else:
            self._close(query_id, asked, received_ns, self._sink.outcome_id(outcome))

    def _ask_again(self, query_id: int, asked: _Asked) -> None:
        """Over TCP, in what is left of the sample's time."""
        self._forget(query_id, asked)
        self.sent += 1
        self.over_tcp += 1
        task = self._group.create_task(self._over_tcp(asked))
        self._again.add(task)
        task.add_done_callback(self._again.discard)

    async def _over_tcp(self, asked: _Asked) -> None:
        until_s = self._clock.loop_time_s(asked.sent_ns + self._timeout_ns)
        outcome, _ = await ask_over_tcp(self._vantage, self.view, asked.question, until_s)
        self._record(asked, self._clock.now_ns(), self._sink.outcome_id(outcome))

    def error(self, exc: OSError) -> None:
        """The network refused a datagram of the shared port; it does not say which, so the oldest open one counts."""
        oldest = next(iter(self._open), None)
        if oldest is not None:
            self.failed(oldest, exc)

    def failed(self, query_id: int, exc: OSError) -> None:
        """A question that the network refused."""
        asked = self._open.get(query_id)
        if asked is not None:
            detail = os.strerror(exc.errno) if exc.errno else str(exc)
            outcome = Outcome(os_error_name(exc), phase="send", detail=detail)
            self._close(query_id, asked, self._clock.now_ns(), self._sink.outcome_id(outcome))

    def _close(self, query_id: int, asked: _Asked, received_ns: int, outcome_id: int) -> None:
        self._forget(query_id, asked)
        self._record(asked, received_ns, outcome_id)

    def _forget(self, query_id: int, asked: _Asked) -> None:
        del self._open[query_id]
        if asked.port is not None:
            asked.port.close()

    def _record(self, asked: _Asked, received_ns: int, outcome_id: int) -> None:
        self._sink.sample(asked.series_id, asked.scheduled_ns, asked.sent_ns, received_ns, outcome_id)

    def _expire(self) -> None:
        now_ns = self._clock.now_ns()
        limit_ns = now_ns - self._timeout_ns
        expired = []
        for query_id, asked in self._open.items():  # oldest first
            if asked.sent_ns > limit_ns:
                break
            expired.append((query_id, asked))
        for query_id, asked in expired:
            self._close(query_id, asked, now_ns, self._timeout_id)
        self._expiry = self._clock.loop.call_later(self._timeout_ns / 4e9, self._expire)
