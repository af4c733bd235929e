"""A vantage whose connections ask through a client library who answers, instead of over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from chaos.clients.clients import KINDS, session_of
from chaos.clients.dialer import Dialer
from chaos.clients.sampler import Sampler
from chaos.clients.session import Login
from chaos.clock import RunClock
from chaos.model import Series
from chaos.probes import DnsView, LocalHost
from chaos.probes.sink import Sink
from chaos.vantage import Vantage

_WHO_ANSWERS = ("http", "clusterip", "address")


class ClientHost(LocalHost):
    """As `LocalHost`; the connections of its series are those of a kind of client.

    Args:
        kind: of `KINDS`.
        login: as whom.
        dialer: opens the connections.
    """

    def __init__(
        self,
        vantage: Vantage,
        clock: RunClock,
        sink: Sink,
        views: Sequence[DnsView],
        timeout_s: float,
        *,
        kind: str,
        login: Login,
        dialer: Dialer,
    ) -> None:
        super().__init__(vantage, clock, sink, views, timeout_s)
        self._session = session_of(kind)
        self._login = login
        self._sampler = Sampler(dialer, clock, sink)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self._sampler.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._sampler.__aexit__(*exc_info)
        await super().__aexit__(*exc_info)

    def open(self, series: Series, port: int, phase_s: float) -> None:
        """See `chaos.probes.Host.open`."""
        if series.probe == "stream":
            self._sampler.hold(series, self._session, self._login, port)
        elif series.probe in _WHO_ANSWERS:
            self._sampler.connect(series, self._session, self._login, port)
        else:
            super().open(series, port, phase_s)

    def close(self, series_id: int) -> None:
        """See `chaos.probes.Host.close`."""
        self._sampler.close(series_id)
        super().close(series_id)

    def pace(self, periods: Mapping[int, float]) -> None:
        """See `chaos.probes.Host.pace`."""
        for series_id, period_s in periods.items():
            self._sampler.pace(series_id, period_s)
        super().pace(periods)

    def counters(self) -> dict[str, Any]:
        """See `chaos.probes.Host.counters`."""
        counted = super().counters()
        counted["connections"] += self._sampler.opened
        counted["connection_missed_slots"] += self._sampler.missed
        return counted


def user_of(kind: str) -> str:
    """The user that a client of that kind logs in as where no other is given."""
    return KINDS[kind][2]


def question_of(kind: str) -> str:
    """What a client of that kind asks to hear who answers."""
    return KINDS[kind][1]
