"""All probes of one vantage behind one small interface, the same for this process and for an agent far away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from chaos.clock import RunClock
from chaos.model import Outcome, Series
from chaos.probes.answer import shared_question
from chaos.probes.cached import CachedProber
from chaos.probes.connection import ConnectionProber
from chaos.probes.dns import DnsProber
from chaos.probes.lag import LagMonitor
from chaos.probes.resolver import Resolver
from chaos.probes.sink import Sink
from chaos.probes.stream import StreamProber
from chaos.probes.stub import StubProber
from chaos.probes.view import DnsView
from chaos.vantage import Vantage


class Host(Protocol):
    """What samples series at one vantage.

    Attributes:
        name: of the vantage, as in `Series.vantage`.
        lost: why nothing comes from it any more; empty while it works.
    """

    name: str
    lost: str

    def open(self, series: Series, port: int, phase_s: float) -> None:
        """Sample one more series, first in `phase_s` seconds; `port` is for connections."""

    def close(self, series_id: int) -> None:
        """Sample it no more."""

    def pace(self, periods: Mapping[int, float]) -> None:
        """Go on sampling series at other periods, in seconds."""

    async def resolve(self, name: str, rtype: str, view: str, timeout_s: float) -> Outcome:
        """The outcome of one query at one view; failures are outcomes too."""

    def too_late(self) -> Mapping[str, int]:
        """Answers that came after their questions were given up, by DNS view, since the beginning."""

    def counters(self) -> dict[str, Any]:
        """What the probes sent, missed and how late they were; see `LocalHost.counters`."""


class LocalHost:
    """Runs the probes in this process. Use it as `async with`; leaving ends them at once.

    Args:
        vantage: how addresses are reached from here.
        views: the DNS servers; the last one stands for all of them, and clients' names are resolved through it.
        timeout_s: of a DNS query.
    """

    lost = ""

    def __init__(
        self, vantage: Vantage, clock: RunClock, sink: Sink, views: Sequence[DnsView], timeout_s: float
    ) -> None:
        self.name = vantage.name
        self._vantage = vantage
        self._clock = clock
        self._sink = sink
        self._timeout_s = timeout_s
        self._views = {view.name: view for view in views}
        self._resolver = Resolver(vantage, views[-1], timeout_s)
        self._group = asyncio.TaskGroup()
        self._dns = {view.name: self._new_prober(view) for view in views}
        self._cached = CachedProber(vantage, clock, sink, self._views, timeout_s)
        self._stubs = StubProber(vantage, clock, sink, self._views)
        self._connections = ConnectionProber(vantage, clock, sink, self._resolver)
        self._streams: dict[int, tuple[StreamProber, asyncio.Task[None]]] = {}
        self._once: dict[tuple[str, float], Resolver] = {}
        self._lag = LagMonitor(clock)

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        await self._cached.__aenter__()
        await self._stubs.__aenter__()
        await self._connections.__aenter__()
        for prober in self._dns.values():
            prober.start()
        self._lag.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.stop()
        await self._stubs.__aexit__(None, None, None)
        await self._cached.__aexit__(None, None, None)
        await self._connections.__aexit__(None, None, None)
        await self._group.__aexit__(None, None, None)

    def stop(self) -> None:
        """Begin no more samples. DNS questions still open stay unrecorded, connections under way may still end."""
        self._lag.stop()
        for prober in self._dns.values():
            prober.stop()
        self._cached.stop()
        self._stubs.stop()
        self._connections.stop()
        for _, task in self._streams.values():
            task.cancel()

    def open(self, series: Series, port: int, phase_s: float) -> None:
        """See `Host.open`."""
        if series.probe == "dns":
            rtype = series.record.partition(" ")[0]
            self._prober(series).add(series, shared_question(series.name, rtype), phase_s)
        elif series.probe == "lookup":
            self._stubs.add(series, phase_s)
        elif series.probe == "cached":
            self._cached.add(series, phase_s)
        elif series.probe == "stream":
            prober = StreamProber(self._vantage, self._clock, self._sink, self._resolver, series, port)
            self._streams[series.id] = (prober, self._group.create_task(prober.run()))
        else:
            self._connections.add(series, port, phase_s)

    def _prober(self, series: Series) -> DnsProber:
        """Of the series' view, which may be a server that appeared only now."""
        prober = self._dns.get(series.view)
        if prober is None:
            view = self._views[series.view] = DnsView(series.view, series.server)
            prober = self._dns[series.view] = self._new_prober(view)
            prober.start()
        return prober

    def _new_prober(self, view: DnsView) -> DnsProber:
        return DnsProber(self._vantage, self._clock, self._sink, view, self._timeout_s, self._group)

    def close(self, series_id: int) -> None:
        """See `Host.close`."""
        for prober in self._dns.values():
            prober.remove(series_id)
        self._cached.remove(series_id)
        self._stubs.remove(series_id)
        self._connections.remove(series_id)
        if series_id in self._streams:
            self._streams[series_id][1].cancel()

    def pace(self, periods: Mapping[int, float]) -> None:
        """See `Host.pace`."""
        for series_id, period_s in periods.items():
            for prober in self._dns.values():
                prober.pace(series_id, period_s)
            for others in (self._cached, self._stubs, self._connections):
                others.pace(series_id, period_s)

    async def resolve(self, name: str, rtype: str, view: str, timeout_s: float) -> Outcome:
        """See `Host.resolve`."""
        resolver = self._once.get((view, timeout_s))
        if resolver is None:
            resolver = self._once[view, timeout_s] = Resolver(self._vantage, self._views[view], timeout_s)
        return await resolver.ask(name, rtype)

    def too_late(self) -> Mapping[str, int]:
        """See `Host.too_late`."""
        return {view: prober.too_late for view, prober in self._dns.items() if prober.too_late}

    def counters(self) -> dict[str, Any]:
        """Queries and connections sent, slots missed, stray answers, and how late the event loop was."""
        streams = [prober for prober, _ in self._streams.values()]
        asking: tuple[DnsProber | CachedProber | StubProber | Resolver, ...]
        asking = (*self._dns.values(), self._cached, self._stubs, self._resolver, *self._once.values())
        return {
            "dns_queries": sum(p.sent for p in asking),
            "dns_over_tcp": sum(p.over_tcp for p in asking),
            "dns_missed_slots": sum(p.missed for p in self._dns.values()) + self._cached.missed + self._stubs.missed,
            "dns_stray_answers": sum(p.stray for p in asking),
            "connections": self._connections.opened + sum(s.opened for s in streams),
            "connection_missed_slots": self._connections.missed + sum(s.missed for s in streams),
            "loop_lag": self._lag.summary(),
        }
