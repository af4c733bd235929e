"""The pod network: hosts that come and go, listeners, service addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from kubesim.model import Model
from kubesim.network.errors import refused, timed_out
from kubesim.network.filter import NOWHERE, Filter, Verdict
from kubesim.network.hosts import Hosts
from kubesim.network.listener import DatagramHandler, Listener, ServerFactory, UdpPort, UdpReceiver
from kubesim.network.loopback_tcp import LoopbackTcp
from kubesim.network.loopback_udp import LoopbackUdp
from kubesim.network.losses import Datagrams
from kubesim.network.memory_tcp import MemoryTcp
from kubesim.network.memory_udp import MemoryUdp
from kubesim.network.services import VANTAGE, Services, Target
from kubesim.network.wire import Tcp, Udp

# Linux sends a SYN and repeats it net.ipv4.tcp_syn_retries = 6 times, doubling the wait; then ETIMEDOUT (127 s).
_SYN_WAITS_S = (1, 2, 4, 8, 16, 32, 64)


class Network:
    """Carries datagrams and connections between the vantage and simulated containers.

    Args:
        model: has the parameters of `NETWORK_DELAYS`.
        wire: ``memory`` in virtual time; ``loopback`` in real time.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, model: Model, wire: Literal["memory", "loopback"] = "memory"
    ) -> None:
        self._hosts = Hosts()
        self._services = Services(model.rng("service backends"), loop.time)
        self._tcp_one_way_s = model.sampler("tcp_one_way")
        self._tcp: Tcp
        self._udp: Udp
        if wire == "memory":
            self._udp = MemoryUdp(loop, Datagrams(model), self._hosts)
            self._tcp = MemoryTcp(loop, self._hosts, model.sampler("tcp_one_way"))
        else:
            self._udp = LoopbackUdp(loop, Datagrams(model), self._hosts)
            self._tcp = LoopbackTcp(loop, self._hosts)
        self._filter = Filter(self._hosts, self._services)

    async def close(self) -> None:
        """Release all sockets of the server side, and let the loop see it."""
        self._udp.close()
        self._tcp.close()
        await asyncio.sleep(0)

    # ---- topology ----

    def add_host(self, ip: str) -> None:
        """Plug a pod's interface in.

        Raises:
            ValueError: the address is taken.
        """
        self._hosts.add(ip)

    def remove_host(self, ip: str) -> None:
        """Unplug it: packets to it vanish, so connects hang, UDP stays silent, open connections stall for ever.

        Real: on the node itself the bridge's ARP fails after 3 s (EHOSTUNREACH); from elsewhere packets vanish.
        """
        self._hosts.remove(ip)
        self._udp.host_removed(ip)
        self._tcp.host_removed(ip)

    def cut_off(self, ip: str, node: str) -> None:
        """Cut a host off with its node: packets vanish between it and all that is not cut off with the same node.

        Open connections stall; TCP sends again what got no answer, so they go on if the host rejoins within 924 s.
        """
        self._hosts.cut_off(ip, node)
        self._tcp.host_cut_off(ip)

    def rejoin(self, ip: str) -> None:
        """End what `cut_off` began."""
        self._hosts.rejoin(ip)
        self._tcp.host_rejoined(ip)

    def set_service(
        self, vip: str, port: int, protocol: str, backends: tuple[Target, ...], affinity_s: float = 0.0
    ) -> None:
        """Program a service port (`protocol` is ``TCP`` or ``UDP``); without backends it rejects (ECONNREFUSED).

        Connections that exist stay with their backend. A UDP port of a client keeps its backend as long as that belongs
        to the service (conntrack; of a backend that left, kube-proxy flushes the entry). With `affinity_s` a client's
        connections go to one backend (sessionAffinity ClientIP).
        """
        self._services.set(vip, port, protocol, backends, affinity_s)

    def remove_service(self, vip: str, port: int, protocol: str) -> None:
        """Remove a service port: there is no rule, so packets take the default route and vanish."""
        self._services.remove(vip, port, protocol)

    def set_verdict(self, verdict: Verdict | None) -> None:
        """What lets packets of pods pass; None: all do."""
        self._filter.verdict = verdict

    # ---- servers ----

    async def listen_tcp(self, ip: str, port: int, protocol_factory: ServerFactory) -> Listener:
        """Accept connections at a host's port.

        Raises:
            OSError: EADDRINUSE, or EADDRNOTAVAIL where there is no such host.
        """
        return await self._tcp.listen(ip, port, protocol_factory)

    async def listen_udp(self, ip: str, port: int, handler: DatagramHandler) -> Listener:
        """Receive datagrams at a host's port: `handler(payload, reply)` runs at the instant of arrival.

        Raises:
            OSError: EADDRINUSE, or EADDRNOTAVAIL where there is no such host.
        """
        return await self._udp.listen(ip, port, handler)

    # ---- clients ----

    def open_udp(self, address: str, port: int, receiver: UdpReceiver, *, source: str = VANTAGE) -> UdpPort:
        """Open a client's UDP port, connected to an address.

        Args:
            address: of a pod or a service.
            port: UDP.
            receiver: gets what arrives.
            source: the address of the pod that the client is in. Policies judge each datagram that it sends; answers
                pass, as conntrack lets them. The vantage stands on a node, which no policy concerns.
        """
        route = self._filter.route_from(source)
        return self._udp.open((address, port), receiver, route, source)

    async def open_tcp(
        self, factory: Callable[[], asyncio.Protocol], address: str, port: int, *, source: str = VANTAGE
    ) -> asyncio.Transport:
        """Connect as the Linux kernel does, SYN by SYN; the last gives up after 127 s.

        Args:
            factory: makes the client's protocol.
            address: of a pod or a service.
            port: TCP.
            source: as in `open_udp`; session affinity goes by it, too. Policies judge each SYN: a connection that is
                made goes on whatever is forbidden later, as conntrack's ESTABLISHED does with most plugins.

        Raises:
            ConnectionRefusedError: nothing listens there, or the service has no backend.
            TimeoutError: nobody answered (ETIMEDOUT).
        """
        route = self._filter.route_from(source)
        target = route((address, port), "TCP")
        if target is None:
            raise refused()
        for wait_s in _SYN_WAITS_S:
            one_way_s = self._tcp_one_way_s()
            await asyncio.sleep(one_way_s)
            if self._reachable(source, target):
                accepts = self._tcp.accepts(target)
                back_s = self._tcp_one_way_s()
                await asyncio.sleep(back_s)
                if not accepts:
                    raise refused()
                if self._reachable(source, target):
                    return await self._tcp.connect(target, factory, source)
                one_way_s += back_s
            await asyncio.sleep(wait_s - one_way_s)
            target = route((address, port), "TCP") if target is NOWHERE else target
            if target is None:
                raise refused()
        raise timed_out()

    def _reachable(self, source: str, target: Target) -> bool:
        return self._hosts.get(target[0]) is not None and self._hosts.reaches(source, target[0])
