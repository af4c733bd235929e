"""The simulated cluster as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import aiohttp

from kubesim import direct, readiness
from kubesim.bootstrap import DNS_ADDRESS
from kubesim.cluster_dns import DnsAddresses, dns_addresses
from kubesim.dns.front import serve_loopback
from kubesim.errors import SimulationError
from kubesim.kubeconfig import kubeconfig, write_private
from kubesim.late import late
from kubesim.network import UdpPort, UdpReceiver
from kubesim.node_link import set_link
from kubesim.store import Object
from kubesim.works import Works

if TYPE_CHECKING:
    from kubesim.manifests import Manifests

_apply: Callable[..., Awaitable[list[Object]]] = late("kubesim.apply:apply")


class Cluster(Works):
    """A Kubernetes cluster of two nodes with CoreDNS, in this process and on the running event loop.

    ``async with Cluster(seed=1) as cluster:`` starts it and stops it; at the end it raises the first error inside the
    simulated cluster, or notes it at the error that is on its way. On a loop of `run_virtual` waiting costs no time.

    Args:
        seed: same seed, same sequence of events (in virtual time).
        realtime: carry traffic over loopback sockets instead of memory, for a loop that runs in real time.
        overrides: delays of the model by name, as (low_s, high_s).
        negative_cache_s: how long CoreDNS caches denials; 0 as kubeadm configures it.
        corefile: CoreDNS's whole configuration at the start; empty: kubeadm's, with `negative_cache_s`.
        reuse_addresses: a node gives a new pod the lowest address that is free, so that a pod may come back with its
            old one, instead of the next one in turn.
        dual_stack: pods have an IPv6 address too, and headless services that prefer dual stack have both families.
            Nothing listens there: it is for what DNS says.
        token: what clients must present; empty lets everybody in.
        strict: whether an error in a controller or a kubelet is a failure of the whole cluster (see `failure`), so that
            no result rests on an unnoticed bug. Otherwise it is logged and tried again, as a real cluster does.
        images: that its nodes have, besides those of the folder `kubesim.images`.
        epoch: the date at which the cluster begins; None for `EPOCH`, or for now where `realtime`.

    Attributes:
        truth: what really happened: which address DNS gives, which pod serves, since when.
        clock: its time, with dates.
        delays: its delays: `describe()`, `drawn()`.
        api: its API server; ``api.faults = ApiFaults(...)`` makes it fail.
        vantage: a place on a node from which pods are reached; `open_udp` and `open_tcp` are its.

    Raises:
        SimulationError: `realtime` on a loop in virtual time; a seed, a delay or an image that cannot be.
    """

    # ---- its life ----

    async def __aenter__(self) -> Self:
        self._life.need_new()  # else the one that runs would be stopped
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        failure = self.failure()
        if failure is None or failure is error:
            return
        if error is None:
            raise failure
        error.add_note(f"the simulated cluster had failed before, and its log says where: {failure!r}")

    # ---- its API server ----

    @property
    def url(self) -> str:
        """Of the API server. Without `realtime` only connections of `connector` lead there."""
        return self.api.url

    def connector(self) -> aiohttp.BaseConnector:
        """A connector in memory, for an `aiohttp.ClientSession` on this loop; it is closed with the cluster."""
        return self.api.connector()

    def kubeconfig(self) -> Object:
        """A kubeconfig for the API server, with one context called ``sandbox``."""
        return kubeconfig(self.api.kubeconfig_url, self._token)

    def write_kubeconfig(self, path: str | PathLike[str]) -> Path:
        """Write the kubeconfig to a file that only its owner may read; real time only.

        Raises:
            SimulationError: nothing but this process could reach the API server.
            OSError: it cannot be written.
        """
        self._need_realtime("a kubeconfig for other programs")
        return write_private(path, self.kubeconfig())

    async def apply(self, manifests: Manifests, namespace: str = "default") -> list[Object]:
        """Create objects, and change those that exist by what the manifests say (a merge patch), over HTTP.

        Args:
            manifests: YAML text, the path of a file or of a folder (a `Path`), an object, or several of these.
            namespace: of objects that name none.

        Returns:
            What the API server made of each.

        Raises:
            ManifestError: one cannot be read or is of a kind that there is not, then nothing is changed; or the API
                server refuses it. Says which file, which document and why.
            SimulationError: the cluster is not up.
        """
        self._life.need_up("apply")
        return await _apply(self.api.kubeconfig_url, self.connector(), manifests, namespace)

    def get(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        """An object as it is now, such as ``get("Pod", "web-0")``; None where there is none.

        Raises:
            SimulationError: there is no such kind.
        """
        return direct.get(self.store, kind, name, namespace)

    def objects(self, kind: str, namespace: str = "default") -> list[Object]:
        """The objects of a kind as they are now, by name; ``""`` for all namespaces, and for kinds without."""
        return direct.objects(self.store, kind, namespace)

    def delete(
        self, kind: str, name: str, namespace: str = "default", *, grace_s: int | None = None, propagation: str = ""
    ) -> None:
        """Delete an object as a DELETE request does, but at this very instant.

        Args:
            kind: such as ``Pod``.
            name: of it.
            namespace: of it.
            grace_s: until a pod's containers are killed; None for the pod's own.
            propagation: ``Background`` (also where empty), ``Foreground`` or ``Orphan``.

        Raises:
            SimulationError: there is none, or it may not be deleted.
        """
        direct.delete(self.store, kind, name, namespace, grace_s=grace_s, propagation=propagation)

    async def until(self, holds: Callable[[], object], *, within_s: float = 300.0) -> None:
        """Wait until a condition on objects holds, such as ``lambda: cluster.get("Pod", "web-0") is None``.

        Args:
            holds: is called now, and after each change of an object.
            within_s: how long, of the loop's time.

        Raises:
            TimeoutError: it does not within that time.
            BaseException: the first error inside the cluster (see `failure`): nothing changes any more.
        """
        self._life.need_up("until")
        await readiness.until(self.store, self._tasks, holds, within_s)

    async def until_ready(self, *names: str, namespace: str = "default", within_s: float = 300.0) -> None:
        """Wait until objects are ready, as `kubectl rollout status` does.

        Args:
            names: such as ``statefulset/web``, ``deployment/web``, ``pod/web-0`` and ``job/load`` (which is to
                complete); none for all of the namespace.
            namespace: of them.
            within_s: how long, of the loop's time.

        Raises:
            NotReadyError: a `TimeoutError`, which says what each lacks.
            SimulationError: a name is of no kind that becomes ready.
            BaseException: the first error inside the cluster, as of `until`.
        """
        self._life.need_up("until_ready")
        await readiness.until_ready(self.store, self._tasks, names, namespace, within_s)

    # ---- its network ----

    @property
    def dns_addresses(self) -> DnsAddresses:
        """Where cluster DNS answers in the simulated network."""
        return dns_addresses(self.store)

    async def serve_dns(self) -> tuple[str, int]:
        """Open the cluster DNS address to other programs: a loopback host and port, UDP and TCP. Real time only.

        Raises:
            SimulationError: in virtual time.
            OSError: no port can be had.
        """
        self._need_realtime("DNS for other programs")
        self._life.need_up("serve_dns")
        self._dns_front = await serve_loopback(self.network, DNS_ADDRESS)
        return self._dns_front.host, self._dns_front.port

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        """A UDP port of its own, connected to the address of a pod or a service; see `Vantage.open_udp`."""
        return self.vantage.open_udp(address, port, receiver)

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """A connection to the address of a pod or a service, from a node; see `Vantage.open_tcp`."""
        return await self.vantage.open_tcp(factory, address, port)

    async def open_connection(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """`asyncio.open_connection` to the address of a pod or a service.

        Raises:
            OSError: refused or timed out; errno tells.
        """
        loop = self.clock.loop
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport = await self.vantage.open_tcp(lambda: protocol, address, port)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    def cut_node(self, name: str) -> None:
        """Cut a node off the network: what runs there goes on and is not heard, until `join_node`.

        Raises:
            SimulationError: there is no such node.
        """
        set_link(self.store, name, up=False)

    def join_node(self, name: str) -> None:
        """End what `cut_node` began.

        Raises:
            SimulationError: there is no such node.
        """
        set_link(self.store, name, up=True)

    def _need_realtime(self, what: str) -> None:
        if not self._realtime:
            raise SimulationError(f"{what} in a cluster whose traffic is in memory", hint="Cluster(realtime=True)")
