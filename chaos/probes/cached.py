"""Asks for a name as a client behind a caching resolver does: upstream only where nothing is kept that still lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chaos.clock import RunClock
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT, Outcome
from chaos.model.series import Series
from chaos.probes.resolver import Resolver
from chaos.probes.sink import Sink
from chaos.probes.tasks import TaskProber
from chaos.probes.view import DnsView
from chaos.vantage import Vantage

FROM_CACHE = "from the cache"


class DnsCache:
    """Keeps one answer for as long as it says itself: its smallest TTL, or the SOA's MINIMUM of a denial (RFC 2308).

    Nothing is capped, prefetched or served stale; failures (timeout, SERVFAIL, …) and answers without
    a TTL are not kept.
    """

    def __init__(self) -> None:
        self._kept: Outcome | None = None
        self._until_ns = 0

    def get(self, now_ns: int) -> Outcome | None:
        """The answer that is kept, marked as such; None where there is none, or no longer."""
        return self._kept if now_ns < self._until_ns else None

    def put(self, outcome: Outcome, received_ns: int) -> None:
        """Keep an answer that came just now, instead of the one before."""
        if outcome.ttl and (outcome.status in DNS_PRESENT or outcome.status in DNS_ABSENT):
            self._kept = replace(outcome, detail=FROM_CACHE)
            self._until_ns = received_ns + round(outcome.ttl * 1e9)


class CachedProber(TaskProber):
    """Samples series through a cache each; a cache of one's own keeps one series from answering another's questions.

    Run it as `async with`: leaving ends what is under way.
    """

    def __init__(
        self, vantage: Vantage, clock: RunClock, sink: Sink, views: Mapping[str, DnsView], timeout_s: float
    ) -> None:
        super().__init__(clock)
        self._sink = sink
        self._resolvers = {name: Resolver(vantage, view, timeout_s) for name, view in views.items()}

    @property
    def sent(self) -> int:
        """Queries that no cache could answer."""
        return sum(resolver.sent for resolver in self._resolvers.values())

    @property
    def over_tcp(self) -> int:
        """How many of them went over TCP, since the answer over UDP was truncated."""
        return sum(resolver.over_tcp for resolver in self._resolvers.values())

    @property
    def stray(self) -> int:
        """Datagrams that answered no open question."""
        return sum(resolver.stray for resolver in self._resolvers.values())

    def add(self, series: Series, phase_s: float) -> None:
        """Sample one more series, first in `phase_s` seconds."""
        cache = DnsCache()

        def fire(scheduled_ns: int) -> None:
            now_ns = self._clock.now_ns()
            kept = cache.get(now_ns)
            if kept is not None:
                self._sink.sample(series.id, scheduled_ns, now_ns, now_ns, self._sink.outcome_id(kept))
                return
            self.begin(self._ask(series, cache, scheduled_ns))

        self._schedules.add(series.id, series.period_s, phase_s, fire)

    async def _ask(self, series: Series, cache: DnsCache, scheduled_ns: int) -> None:
        sent_ns = self._clock.now_ns()
        outcome = await self._resolvers[series.view].ask(series.name, series.record.partition(" ")[0])
        received_ns = self._clock.now_ns()
        cache.put(outcome, received_ns)
        self._sink.sample(series.id, scheduled_ns, sent_ns, received_ns, self._sink.outcome_id(outcome))
