"""The client libraries that a method may use, behind one small door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from chaos.clients.dialer import Dialer
from chaos.clients.sampler import Sampler
from chaos.clients.session import Login, Reply, Session, ask_once
from chaos.clock import RunClock
from chaos.model import Outcome, Series
from chaos.model.recording import Recorder
from chaos.plugins import load, plugin
from chaos.probes.connection import is_address

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.cluster import RedisCluster

# Kinds that are sampled → its class, the question that tells who answers, and the user where none is named.
KINDS = {
    "mysql": ("chaos.clients.mysql:MysqlSession", "SELECT @@hostname", "root"),
    "redis": ("chaos.clients.redis_session:RedisSession", "CONFIG GET cluster-announce-hostname", ""),
}
_redis: Callable[[Dialer, str, int, float], Redis] = plugin("chaos.clients.redis:connect")
_redis_cluster: Callable[[Dialer, str, int, float], RedisCluster] = plugin("chaos.clients.redis:connect_cluster")
_REDIS_PORT = 6379
_LOOK_S = 0.05
_HOLD_PERIOD_S = 0.5


class Clients:
    """Makes clients whose connections go through the vantage.

    Args:
        dialer: opens their connections.
        clock: of the run.
        recorder: of the run.
        watched: ids of the series that a method opened itself; those opened here are added.
        period_s: between two connections of a series, where nothing else is said.
        timeout_s: of connecting with the login, and again of the question.
    """

    def __init__(
        self,
        dialer: Dialer,
        clock: RunClock,
        recorder: Recorder,
        watched: set[int],
        period_s: float,
        timeout_s: float,
    ) -> None:
        self._dialer = dialer
        self._clock = clock
        self._recorder = recorder
        self._watched = watched
        self._period_s = period_s
        self._timeout_s = timeout_s
        self._sampler = Sampler(dialer, clock, recorder)
        self._asked = 0

    async def __aenter__(self) -> Self:
        await self._sampler.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._sampler.__aexit__(*exc_info)

    def counters(self) -> dict[str, Any]:
        """What it did, for the report."""
        opened = self._sampler.opened + self._asked
        return {
            "client_connections": opened,
            "client_missed_slots": self._sampler.missed,
            "client_dns_queries": self._dialer.queries,
        }

    # ---- kinds that are sampled ----

    async def ask(
        self, kind: str, host: str, port: int, question: str, login: Login, *, timeout_s: float = 0.0
    ) -> Reply:
        """One connection, one question; failures are outcomes too.

        Args:
            kind: of `KINDS`.
            host: as in `Dialer.open`.
            port: TCP.
            question: such as a statement.
            login: as whom.
            timeout_s: 0: as for samples.
        """
        sent_ns = self._clock.now_ns()
        self._asked += 1
        reply = await ask_once(
            self._dialer, session_of(kind), login, host, port, question, timeout_s or self._timeout_s
        )
        return replace(reply, sent_ns=sent_ns, received_ns=self._clock.now_ns())

    def watch(
        self,
        kind: str,
        host: str,
        port: int,
        login: Login,
        *,
        question: str = "",
        period_s: float = 0.0,
        pod: str = "",
        label: str = "",
    ) -> Series:
        """Connect and ask again and again until the end of the run; each is a sample, with a connection of its own.

        Args:
            kind: of `KINDS`; the series' probe.
            host: as in `Dialer.open`.
            port: TCP.
            login: as whom.
            question: empty: the one that tells who answers.
            period_s: 0: as the options say.
            pod: that it is about.
            label: tells series of one host apart: it stands behind the record.
        """
        series = self._open(kind, kind, host, port, question, period_s or self._period_s, pod, label)
        self._sampler.connect(series, session_of(kind), login, port)
        return self._watching(series)

    def hold(
        self, kind: str, host: str, port: int, login: Login, *, period_s: float = _HOLD_PERIOD_S, pod: str = ""
    ) -> Series:
        """Keep one long-lived connection, ask on it who answers, and open another when it has ended.

        Its series' probe is the kind with ``-stream``.
        """
        series = self._open(f"{kind}-stream", kind, host, port, "", period_s, pod, "")
        self._sampler.hold(series, session_of(kind), login, port)
        return self._watching(series)

    async def sample(
        self, kind: str, host: str, port: int, count: int, login: Login, *, question: str = "", period_s: float = 0.0
    ) -> list[Outcome]:
        """So many connections, one a period, and what became of each; see `watch`."""
        series = self._open(kind, kind, host, port, question, period_s or self._period_s, "", "")
        self._sampler.connect(series, session_of(kind), login, port, count)
        # Twice as long as planned: when this process is late it skips slots, and needs further ones to reach the count.
        deadline_s = self._clock.now_s() + 2 * count * series.period_s + 2 * series.timeout_s + _LOOK_S
        samples = self._recorder.history.samples[series.id]
        while len(samples) < count and self._clock.now_s() < deadline_s:  # noqa: ASYNC110 - a bounded look
            await asyncio.sleep(min(_LOOK_S, series.period_s))
        self._sampler.close(series.id)
        return [self._recorder.history.outcomes[position] for position in samples.outcome]

    def close(self, series: Series) -> None:
        """Sample a series no more."""
        self._sampler.close(series.id)

    def _open(
        self, probe: str, kind: str, host: str, port: int, question: str, period_s: float, pod: str, label: str
    ) -> Series:
        address = is_address(host)
        series = self._recorder.open_series(
            probe=probe,
            record=f"{host}:{port}" + (f" ({label})" if label else ""),
            view="" if address else "service",
            pod=pod,
            name=host if address else self._dialer.absolute(host),
            period_s=period_s,
            timeout_s=self._timeout_s,
            ask=question or KINDS[kind][1],
        )
        self._watched.add(series.id)
        return series

    def _watching(self, series: Series) -> Series:
        """Reports show the series that a method watches."""
        self._recorder.mark(self._clock.now_ns(), "watching", series=[series.id])
        return series

    # ---- clients that a method uses itself; whoever makes one closes it: `async with` ----

    def redis(self, host: str, port: int = _REDIS_PORT, *, timeout_s: float = 1.0) -> Redis:
        """A client of one Redis server; see `chaos.clients.redis.connect`."""
        return _redis(self._dialer, host, port, timeout_s)

    def redis_cluster(self, host: str, port: int = _REDIS_PORT, *, timeout_s: float = 1.0) -> RedisCluster:
        """A client of a Redis Cluster; see `chaos.clients.redis.connect_cluster`."""
        return _redis_cluster(self._dialer, host, port, timeout_s)

    @property
    def redis_error(self) -> type[Exception]:
        """What all errors of Redis clients are, apart from `OSError`: for an `except`, without an import of redis."""
        found: type[Exception] = load("redis.exceptions:RedisError")
        return found


def session_of(kind: str) -> type[Session]:
    """The class of a kind; its library is imported now."""
    found: type[Session] = load(KINDS[kind][0])
    return found
