"""Which series are sampled, and when they begin and end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Self

from chaos.clock import RunClock
from chaos.engine.target import WatchedTarget
from chaos.engine.views import ClusterDns
from chaos.experiment import Options
from chaos.model import ClusterEvent, Series
from chaos.model.recording import Recorder
from chaos.probes import ConnectionProber, DnsProber, DnsQuestion, LagMonitor, Resolver, StreamProber
from chaos.vantage import Vantage

# Reverse records are for the identity verdict; they need no fine time.
_REVERSE_PERIOD_FACTOR = 10
# An address that has lost its pod is asked until it has been silent for so long.
_SILENT_S = 5.0
_STREAM_PERIOD_S = 0.5
_STREAM_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Rates:
    """The periods in force.

    Attributes:
        stretched: whether the asked period had to be stretched to keep the limit of queries per second.
        queries_per_s: DNS queries per second in all that these periods give.
    """

    dns_period_s: float
    connect_period_s: float
    stretched: bool
    queries_per_s: float


def plan_rates(options: Options, pods: int, views: int, connections_by_name: int) -> Rates:
    """Fit the asked periods under the limit of queries per second.

    Args:
        options: the asked periods and the limit.
        pods: of the target.
        views: DNS servers asked.
        connections_by_name: connection series that resolve a name for each sample.
    """
    # During a trial an old address and its successor are both asked for their reverse names.
    series = (pods + 2) * views + 2 * pods * views / _REVERSE_PERIOD_FACTOR
    connect_s = options.connect_period_s
    by_connections = connections_by_name / connect_s
    period_s = options.period_s
    if options.max_qps is not None:
        if by_connections > options.max_qps / 2:
            connect_s = connections_by_name * 2 / options.max_qps
            by_connections = options.max_qps / 2
        period_s = max(period_s, series / (options.max_qps - by_connections))
    stretched = period_s > options.period_s or connect_s > options.connect_period_s
    return Rates(period_s, connect_s, stretched, series / period_s + by_connections)


class Probing:
    """All probers of one run. Use as `async with`; feed it the watch events."""

    def __init__(
        self,
        vantage: Vantage,
        clock: RunClock,
        recorder: Recorder,
        dns: ClusterDns,
        target: WatchedTarget,
        options: Options,
        kinds: tuple[str, ...],
    ) -> None:
        self._vantage = vantage
        self._clock = clock
        self._recorder = recorder
        self._dns = dns
        self._target = target
        self._options = options
        self._kinds = kinds
        self.resolver = Resolver(vantage, dns.service, options.timeout_s)
        self.lag = LagMonitor(clock)
        by_name = sum(kind in kinds for kind in ("tcp", "http")) * len(target.names)
        # A long-lived connection that is down is tried again each half second; no faster than the others are sampled.
        by_name += ("stream" in kinds) * len(target.names)
        self.rates = plan_rates(options, len(target.names), len(dns.views), by_name)
        self._dns_probers = [DnsProber(vantage, clock, recorder, view, options.timeout_s) for view in dns.views]
        self._connections = ConnectionProber(vantage, clock, recorder, self.resolver)
        self._streams: list[StreamProber] = []
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._by_address: dict[str, list[Series]] = {}  # series that end with an address
        self._reverse: dict[str, list[tuple[DnsProber, Series]]] = {}
        self._phase = 0
        self._begun_s = 0.0
        self._ended_s: float | None = None

    def service_name(self, service: str) -> str:
        """The absolute DNS name of a service of the target's namespace."""
        return f"{service}.{self._target.namespace}.svc.{self._dns.domain}"

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        await self._connections.__aenter__()
        for prober in self._dns_probers:
            prober.start()
        self.lag.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._ended_s = self._clock.now_s()
        self.lag.stop()
        for prober in self._dns_probers:
            prober.stop()
        for task in self._tasks:
            task.cancel()
        await self._connections.__aexit__(None, None, None)
        await self._group.__aexit__(None, None, None)

    def begin(self, clusterips: dict[str, str]) -> None:
        """Open the series that last the whole run.

        Args:
            clusterips: pod name → address of the ClusterIP service of that one pod.
        """
        self._begun_s = self._clock.now_s()
        target = self._target
        governing = self.service_name(target.service)
        if "dns" in self._kinds:
            for prober in self._dns_probers:
                for pod in target.names:
                    self._ask(prober, f"A {pod}.{target.service}", f"{pod}.{governing}", "A", pod)
                self._ask(prober, f"A {target.service}", governing, "A", "")
                self._ask(prober, f"SRV {target.service}", governing, "SRV", "")
        for pod in target.names:
            for kind in ("tcp", "http"):
                self._connect(kind, f"{pod}.{target.service}:{target.port}", pod, f"{pod}.{governing}", "service")
            if pod in clusterips:
                self._connect("clusterip", f"{clusterips[pod]}:{target.port}", pod, clusterips[pod], "")
            if "stream" in self._kinds:
                self._stream(pod, f"{pod}.{governing}")

    def saw(self, event: ClusterEvent) -> None:
        """Begin to probe an address when a pod gets it."""
        if event.kind != "Pod" or event.name not in self._target.names or event.type == "DELETED":
            return
        address = event.object.get("status", {}).get("podIP", "")
        if address and address not in self._by_address:
            self._by_address[address] = []
            series = self._connect("address", f"{address}:{self._target.port}", event.name, address, "")
            if series is not None:
                self._by_address[address].append(series)
            if "dns" in self._kinds:
                reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
                self._reverse[address] = [
                    (prober, self._ask(prober, f"PTR {address}", reverse, "PTR", event.name, _REVERSE_PERIOD_FACTOR))
                    for prober in self._dns_probers
                ]

    def answers(self, address: str) -> bool:
        """Whether somebody answered at that address when it was last asked."""
        latest = (self._recorder.latest[series.id] for series in self._by_address.get(address, []))
        return any(found >= 0 and self._recorder.history.outcomes[found].status == "OK" for found in latest)

    def retire_silent_addresses(self) -> None:
        """Stop probing addresses that no pod of the target has any more and that have been silent for a while."""
        in_use = {pod.address for pod in self._target.pods}
        for address in [a for a in self._by_address if a not in in_use]:
            series = self._by_address[address]
            if all(self._silent(one) for one in series):
                for one in series:
                    self._connections.remove(one.id)
                for prober, one in self._reverse.pop(address, []):
                    prober.remove(one.id)
                del self._by_address[address]

    def _silent(self, series: Series) -> bool:
        latest = self._recorder.latest[series.id]
        if latest < 0 or self._recorder.history.outcomes[latest].status == "OK":
            return False
        return self._recorder.streak[series.id] * series.period_s >= _SILENT_S

    # ---- opening series ----

    def _stagger(self, period_s: float) -> float:
        """Spreads first samples over a period by the golden ratio, however many there will be."""
        self._phase += 1
        return period_s * ((self._phase * 0.6180339887498949) % 1)

    def _ask(self, prober: DnsProber, record: str, name: str, rtype: str, pod: str, factor: int = 1) -> Series:
        period_s = self.rates.dns_period_s * factor
        series = self._recorder.open_series(
            probe="dns",
            record=record,
            view=prober.view.name,
            pod=pod,
            name=name,
            period_s=period_s,
            timeout_s=self._options.timeout_s,
            vantage=self._vantage.name,
        )
        prober.add(series, DnsQuestion(name, rtype), self._stagger(period_s))
        return series

    def _connect(self, kind: str, record: str, pod: str, name: str, view: str) -> Series | None:
        if kind not in self._kinds:
            return None
        period_s = self.rates.connect_period_s
        series = self._recorder.open_series(
            probe=kind,
            record=record,
            view=view,
            pod=pod,
            name=name,
            period_s=period_s,
            timeout_s=self._options.timeout_s,
            vantage=self._vantage.name,
        )
        self._connections.add(series, self._target.port, self._stagger(period_s))
        return series

    def _stream(self, pod: str, name: str) -> None:
        series = self._recorder.open_series(
            probe="stream",
            record=f"{pod}.{self._target.service}:{self._target.port}",
            view="service",
            pod=pod,
            name=name,
            period_s=_STREAM_PERIOD_S,
            timeout_s=_STREAM_TIMEOUT_S,
            vantage=self._vantage.name,
        )
        prober = StreamProber(self._vantage, self._clock, self._recorder, self.resolver, series, self._target.port)
        self._streams.append(prober)
        self._tasks.append(self._group.create_task(prober.run()))

    # ---- what it cost ----

    def measurement(self) -> dict[str, Any]:
        """What the probes did, and how well, for the report."""
        ended_s = self._clock.now_s() if self._ended_s is None else self._ended_s
        elapsed_s = max(ended_s - self._begun_s, 1e-9)
        queries = sum(p.sent for p in self._dns_probers) + self.resolver.sent
        return {
            "probed_s": round(elapsed_s, 3),
            "dns_queries": queries,
            "dns_queries_per_s": round(queries / elapsed_s, 1),
            "dns_missed_slots": sum(p.missed for p in self._dns_probers),
            "dns_stray_answers": sum(p.stray for p in self._dns_probers),
            "connections": self._connections.opened + sum(s.opened for s in self._streams),
            "connection_missed_slots": self._connections.missed + sum(s.missed for s in self._streams),
            "loop_lag": self.lag.summary(),
        }
