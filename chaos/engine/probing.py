"""Which series are sampled, and when they begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaos.clients.host import question_of
from chaos.clock import RunClock
from chaos.engine.pacing import Pacing
from chaos.engine.target import WatchedTarget
from chaos.engine.views import DnsInventory
from chaos.experiment import Options
from chaos.model import ClusterEvent, Outcome, PodIdentity, Series
from chaos.model.recording import Recorder
from chaos.options.identify import Identify
from chaos.probes import DnsView, Host, StubOptions
from chaos.probes.connection import is_address

# Reverse records are for the identity verdict; they need no fine time.
_REVERSE_PERIOD_FACTOR = 10
# An address that has lost its pod is asked until it has been silent for so long.
_SILENT_S = 5.0
_STREAM_PERIOD_S = 0.5
# First questions that are wanted at once are spread over so long, so that they are no burst.
_AT_ONCE_S = 0.1
_STREAM_TIMEOUT_S = 3.0
_COUNTERS = (
    "dns_queries",
    "dns_over_tcp",
    "dns_missed_slots",
    "dns_stray_answers",
    "connections",
    "connection_missed_slots",
)


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


def plan_rates(options: Options, pods: int, views: int, connections_by_name: int, watched: int = 0) -> Rates:
    """Fit the asked periods under the limit of queries per second.

    Args:
        options: the asked periods and the limit.
        pods: of the target.
        views: DNS servers asked.
        connections_by_name: connection series that resolve a name for each sample.
        watched: names that the method watches besides.
    """
    # During a trial an old address and its successor are both asked for their reverse names.
    series = (pods + 2 * bool(pods) + watched) * views + 2 * pods * views / _REVERSE_PERIOD_FACTOR
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


def rates_of(
    options: Options, target: WatchedTarget, dns: DnsInventory, kinds: tuple[str, ...], vantages: int, watched: int
) -> Rates:
    """Those of a run on that target; arguments as of `Probing`."""
    by_name = sum(kind in kinds for kind in ("tcp", "http")) * len(target.names)
    # A long-lived connection that is down is tried again each half second; no faster than the others are sampled.
    by_name += ("stream" in kinds) * len(target.names)
    watched += (len(target.names) + 1) * target.dual_stack
    return plan_rates(options, len(target.names), len(dns.views) * vantages, by_name * vantages, watched)


class Probing:
    """Which series are sampled where, from the watch events and the deployed services.

    Args:
        vantages: from how many places everything is sampled; the limit of queries per second is for all together.

    Attributes:
        watched: ids of the series that the steady state is not about: those that a method opened itself, and those of a
            pod at an address that another one has now.
    """

    def __init__(
        self,
        vantages: int,
        clock: RunClock,
        recorder: Recorder,
        dns: DnsInventory,
        target: WatchedTarget,
        options: Options,
        kinds: tuple[str, ...],
        watched: int = 0,
    ) -> None:
        self.hosts: list[Host] = []
        self.watched: set[int] = set()
        self._clock = clock
        self._recorder = recorder
        self._dns = dns
        self._target = target
        self._options = options
        self._kinds = kinds
        identify = Identify.parse(options.identify)
        self._ask_for = question_of(identify.kind) if identify.by_library else identify.path
        self.rates = rates_of(options, target, dns, kinds, vantages, watched)
        self._by_address: dict[str, list[tuple[Host, Series]]] = {}  # series that end with an address
        self._own_names: dict[str, list[tuple[Host, Series]]] = {}  # by pod, who is asked for the address of its name
        self._owners: dict[str, str] = {}  # address → the pod that it is asked about
        self._nameless: list[tuple[Host, str, str]] = []  # where a pod's address is not asked for its name yet
        self._phase = 0
        self.pacing = Pacing(clock, recorder)
        self._begun_s = 0.0
        self._ended_s: float | None = None

    def service_name(self, service: str) -> str:
        """The absolute DNS name of a service of the target's namespace."""
        return f"{service}.{self._target.namespace}.svc.{self._dns.domain}"

    @property
    def dns_period_s(self) -> float:
        """Between two questions for a record now."""
        return self.pacing.period_s(self.rates.dns_period_s)

    @property
    def connect_period_s(self) -> float:
        """Between two connections by a pod's name now."""
        return self.pacing.period_s(self.rates.connect_period_s)

    @property
    def domain(self) -> str:
        """Of the cluster."""
        return self._dns.domain

    @property
    def view_names(self) -> tuple[str, ...]:
        """The DNS servers that are asked."""
        return tuple(view.name for view in self._dns.views)

    def absolute(self, name: str) -> str:
        """A name as a client would spell it out: without a final dot it is below the target's namespace."""
        if name.endswith("."):
            return name.rstrip(".")
        return self.service_name(name)

    def watch_name(self, name: str, rtype: str, probe: str, period_s: float, label: str) -> list[Series]:
        """Ask for a name until the end of the run: every view directly, or the service's through a cache."""
        views = self._dns.views if probe == "dns" else (self._dns.service,)
        record, absolute = f"{rtype} {name}" + (f" ({label})" if label else ""), self.absolute(name)
        every_s, timeout_s = period_s or self.rates.dns_period_s, self._options.timeout_s
        yields = probe == "dns" and not period_s
        opened = [
            self._open(
                host, probe, record, "", absolute, view.name, every_s, timeout_s, at_once=bool(period_s), yields=yields
            )
            for host in self.hosts
            for view in views
        ]
        self.watched.update(series.id for series in opened)
        return opened

    def watch_server(self, pod: PodIdentity, name: str) -> list[Series]:
        """Ask one more DNS server, one that appeared during the run."""
        record, absolute = f"A {name}", self.absolute(name)
        period_s, timeout_s = self.rates.dns_period_s, self._options.timeout_s
        opened = [
            self._open(
                host, "dns", record, "", absolute, pod.name, period_s, timeout_s, server=pod.address, yields=True
            )
            for host in self.hosts
        ]
        self.watched.update(series.id for series in opened)
        return opened

    def watch_lookups(
        self, name: str, options: str, servers: Sequence[str], period_s: float, label: str
    ) -> list[Series]:
        """Look a name up as programs do; see `chaos.probes.stub`."""
        view, absolute = ",".join(servers) or self._dns.service.name, self.absolute(name)
        longest_s = StubOptions.parse(options).longest_s(len(servers) or 1)
        opened = [
            self._open(host, "lookup", f"A {name} ({label})", "", absolute, view, period_s, longest_s, resolver=options)
            for host in self.hosts
        ]
        self.watched.update(series.id for series in opened)
        return opened

    def watch_clients(self, kind: str, name: str, port: int, pod: str, period_s: float) -> list[Series]:
        """Connect until the end of the run."""
        opened = [self._clients(host, kind, name, port, pod, period_s) for host in self.hosts]
        self.watched.update(series.id for series in opened)
        return opened

    def open_clients(self, kind: str, name: str, port: int, period_s: float) -> tuple[Host, Series]:
        """Connect from the first vantage that works, until the series is closed."""
        host = next((host for host in self.hosts if not host.lost), self.hosts[0])
        series = self._clients(host, kind, name, port, "", period_s)
        self.watched.add(series.id)
        return host, series

    def _clients(self, host: Host, kind: str, name: str, port: int, pod: str, period_s: float) -> Series:
        absolute, view = (name, "") if is_address(name) else (self.absolute(name), "service")
        period_s = period_s or self.rates.connect_period_s
        return self._open(
            host, kind, f"{name}:{port}", pod, absolute, view, period_s, self._options.timeout_s, port=port
        )

    def begin(self, clusterips: dict[str, str]) -> None:
        """Open the series that last the whole run.

        Args:
            clusterips: pod name → address of the ClusterIP service of that one pod.
        """
        self._begun_s = self._clock.now_s()
        target = self._target
        for known in (
            target.pods
        ):  # pods of an adopted workload (`--target`) exist already, so no event will tell their addresses
            self._probe_address(known.name, known.address)
        governing = self.service_name(target.service)
        for host in self.hosts if target.names else ():
            if "dns" in self._kinds:
                for view in self._dns.views:
                    self._ask_for_records(host, view, governing)
            for pod in target.names:
                by_name = f"{pod}.{target.service}:{target.port}"
                for kind in ("tcp", "http"):
                    self._connect(host, kind, by_name, pod, f"{pod}.{governing}", "service")
                if pod in clusterips:
                    self._connect(host, "clusterip", f"{clusterips[pod]}:{target.port}", pod, clusterips[pod], "")
                self._connect(host, "stream", by_name, pod, f"{pod}.{governing}", "service")

    def _ask_for_records(self, host: Host, view: DnsView, governing: str) -> None:
        """Ask a server for the records of the service and of each pod, of each family that the service has."""
        target = self._target
        for pod in target.names:
            own = self._ask(host, view, f"A {pod}.{target.service}", f"{pod}.{governing}", pod)
            self._own_names.setdefault(pod, []).append((host, own))
        self._ask(host, view, f"A {target.service}", governing, "")
        if target.dual_stack:
            for pod in target.names:
                self._ask(host, view, f"AAAA {pod}.{target.service}", f"{pod}.{governing}", pod)
            self._ask(host, view, f"AAAA {target.service}", governing, "")
        if target.has_ports:
            self._ask(host, view, f"SRV {target.service}", governing, "")

    def end(self) -> None:
        """Probing is over: from now on nothing is counted into its time."""
        self._ended_s = self._clock.now_s()

    def saw(self, event: ClusterEvent) -> None:
        """Begin to probe an address when a pod gets it."""
        if event.kind != "Pod" or event.name not in self._target.names or event.type == "DELETED":
            return
        status = event.object.get("status", {})
        address = str(status.get("podIP", ""))
        going = "deletionTimestamp" in event.object["metadata"] or status.get("phase") in ("Failed", "Succeeded")
        if going and address in self._by_address:
            return  # a pod that is ending may have lost the address to another pod already
        self._probe_address(event.name, address)

    def _probe_address(self, pod: str, address: str) -> None:
        """Who answers at an address, and whose it is; once for each pod that has it, as long as it is in use."""
        known = address in self._by_address
        if not address or not self.hosts or (known and self._owners[address] == pod):
            return
        if known:  # another pod had it before
            self._nameless = [entry for entry in self._nameless if entry[2] != address]
            for host, one in self._by_address[address]:
                self._close(host, one)
                self.watched.add(one.id)
        self._owners[address] = pod
        opened = self._by_address[address] = []
        for host in self.hosts:
            series = self._connect(host, "address", f"{address}:{self._target.port}", pod, address, "")
            if series is not None:
                opened.append((host, series))
            if "dns" in self._kinds:
                self._nameless.append((host, pod, address))

    def ask_for_names(self) -> list[str]:
        """Ask whose an address is from when every DNS server gives it as its pod's; returns what cannot be asked yet.

        Under kubeadm's Corefile CoreDNS caches the denial of a reverse name for 30 s. A question before CoreDNS knows
        the address would therefore hide its name from everybody for that long.
        """
        waiting = []
        for entry in self._nameless:
            host, pod, address = entry
            if host.lost or address not in self._by_address:
                continue
            if not self._all_know(host, pod, address):
                waiting.append(entry)
                continue
            reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
            for view in self._dns.views:
                # At once: until its first answer nobody knows the record, and its period may be most of a minute.
                phase_s = self._stagger(min(_AT_ONCE_S, self.dns_period_s))
                series = self._ask(host, view, f"PTR {address}", reverse, pod, _REVERSE_PERIOD_FACTOR, phase_s)
                self._by_address[address].append((host, series))
        self._nameless = waiting
        in_use = {pod.address for pod in self._target.pods}
        return [f"dns PTR {address}: not asked yet" for _, _, address in waiting if address in in_use]

    def _all_know(self, host: Host, pod: str, address: str) -> bool:
        """Whether each DNS server that answers gives the address as the pod's."""
        told = []
        for asker, series in self._own_names.get(pod, ()):
            if asker is host:
                latest = self._recorder.latest[series.id]
                if latest < 0:
                    return False
                outcome = self._recorder.history.outcomes[latest]
                if outcome.says_something:
                    told.append(address in outcome.values)
        return bool(told) and all(told)

    async def resolve(self, name: str, rtype: str, view: str = "") -> Outcome:
        """One query at a view, or through the cluster DNS address, from the first vantage that works."""
        host = next((host for host in self.hosts if not host.lost), self.hosts[0])
        return await host.resolve(name, rtype, view or self._dns.service.name, self._options.timeout_s)

    def lost(self) -> dict[str, str]:
        """Vantages from which nothing comes any more, and why."""
        return {host.name: host.lost for host in self.hosts if host.lost}

    def answers(self, address: str) -> bool:
        """Whether somebody answered at that address when it was last asked."""
        asked = [series for host, series in self._by_address.get(address, []) if not host.lost]
        latest = (self._recorder.latest[series.id] for series in asked if series.probe == "address")
        return any(found >= 0 and self._recorder.history.outcomes[found].status == "OK" for found in latest)

    def retire_silent_addresses(self) -> None:
        """Stop probing addresses that no pod of the target has any more and that have been silent for a while."""
        in_use = {pod.address for pod in self._target.pods}
        for address in [a for a in self._by_address if a not in in_use]:
            opened = self._by_address[address]
            if all(host.lost or self._silent(one) for host, one in opened if one.probe == "address"):
                for host, one in opened:
                    self._close(host, one)
                del self._by_address[address]

    def _silent(self, series: Series) -> bool:
        latest = self._recorder.latest[series.id]
        if latest < 0 or self._recorder.history.outcomes[latest].status == "OK":
            return False
        return self._recorder.streak[series.id] * series.period_s >= _SILENT_S  # such series never yield

    # ---- opening and closing series ----

    def _close(self, host: Host, series: Series) -> None:
        host.close(series.id)
        self.pacing.ends(series.id)

    def _stagger(self, period_s: float) -> float:
        """Spreads first samples over a period by the golden ratio, however many there will be."""
        self._phase += 1
        return period_s * ((self._phase * 0.6180339887498949) % 1)

    def _ask(
        self,
        host: Host,
        view: DnsView,
        record: str,
        name: str,
        pod: str,
        factor: int = 1,
        phase_s: float | None = None,
    ) -> Series:
        period_s, timeout_s = self.rates.dns_period_s * factor, self._options.timeout_s
        return self._open(host, "dns", record, pod, name, view.name, period_s, timeout_s, phase_s=phase_s, yields=True)

    def _connect(self, host: Host, kind: str, record: str, pod: str, name: str, view: str) -> Series | None:
        if kind not in self._kinds:
            return None
        if kind == "stream":
            return self._open(host, kind, record, pod, name, view, _STREAM_PERIOD_S, _STREAM_TIMEOUT_S)
        period_s, timeout_s = self.rates.connect_period_s, self._options.timeout_s
        by_name = bool(view)  # each of these asks cluster DNS first
        return self._open(host, kind, record, pod, name, view, period_s, timeout_s, yields=by_name)

    def _open(
        self,
        host: Host,
        kind: str,
        record: str,
        pod: str,
        name: str,
        view: str,
        period_s: float,
        timeout_s: float,
        port: int = 0,
        at_once: bool = False,
        resolver: str = "",
        server: str = "",
        phase_s: float | None = None,
        yields: bool = False,
    ) -> Series:
        """`yields`: to an overload of cluster DNS; what a method set a period for itself does not."""
        series = self._recorder.open_series(
            probe=kind,
            record=record,
            view=view,
            pod=pod,
            name=name,
            period_s=self.pacing.period_s(period_s) if yields else period_s,
            timeout_s=timeout_s,
            vantage=host.name,
            ask=self._ask_for,
            resolver=resolver,
            server=server,
        )
        if yields:
            self.pacing.begins(host, series, period_s)
        # A long-lived connection is wanted at once.
        if at_once or kind == "stream":
            phase_s = 0.0
        host.open(series, port or self._target.port, self._stagger(period_s) if phase_s is None else phase_s)
        return series

    # ---- what it cost ----

    def measurement(self) -> dict[str, Any]:
        """What the probes did, and how well, for the report."""
        ended_s = self._clock.now_s() if self._ended_s is None else self._ended_s
        elapsed_s = max(ended_s - self._begun_s, 1e-9)
        counted = [host.counters() for host in self.hosts]
        total = {key: sum(int(c.get(key, 0)) for c in counted) for key in _COUNTERS}
        return {
            "probed_s": round(elapsed_s, 3),
            **total,
            "dns_queries_per_s": round(total["dns_queries"] / elapsed_s, 1),
            "loop_lag": next((c["loop_lag"] for c in counted if "loop_lag" in c), {"n": 0}),
            "vantages": [{"name": host.name, **c} for host, c in zip(self.hosts, counted, strict=True)],
        }
