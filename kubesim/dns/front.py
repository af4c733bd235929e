"""The cluster DNS address for programs outside the simulated cluster: one loopback port, UDP and TCP."""

from __future__ import annotations

import asyncio

from kubesim.network import Network

_HOST = "127.0.0.1"
# How long conntrack remembers a UDP flow that has seen answers (net.netfilter.nf_conntrack_udp_timeout).
_FLOW_S = 30
_Address = tuple[str, int]


class DnsFront:
    """Forwards to a service address of the simulated network; each client port keeps its replica, as with conntrack.

    Attributes:
        host: the loopback address; `port` likewise, for UDP and TCP.
    """

    def __init__(self, host: str, port: int, udp: asyncio.DatagramTransport, tcp: asyncio.Server) -> None:
        self.host, self.port = host, port
        self._udp, self._tcp = udp, tcp

    def close(self) -> None:
        """Stop serving; connections that are open end with their clients."""
        self._udp.close()
        self._tcp.close()


async def serve_loopback(network: Network, vip: str, vip_port: int = 53, *, port: int = 0) -> DnsFront:
    """Open the front; real time only.

    Args:
        network: the simulated one.
        vip: the cluster DNS address inside the simulated cluster.
        vip_port: its port there.
        port: the loopback port; 0 for a free one.

    Raises:
        OSError: the port is taken.
    """
    loop = asyncio.get_running_loop()
    tcp = await loop.create_server(lambda: _TcpClient(network, (vip, vip_port)), _HOST, port)
    host, bound = tcp.sockets[0].getsockname()
    try:
        udp, _ = await loop.create_datagram_endpoint(
            lambda: _UdpClients(network, (vip, vip_port)), local_addr=(host, bound)
        )
    except OSError:
        tcp.close()
        raise
    return DnsFront(host, bound, udp, tcp)


class _UdpClients(asyncio.DatagramProtocol):
    def __init__(self, network: Network, target: _Address) -> None:
        self._network, self._target = network, target
        self._flows: dict[_Address, _Flow] = {}
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        for flow in tuple(self._flows.values()):
            flow.close()

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        flow = self._flows.get(addr)
        if flow is None:
            flow = self._flows[addr] = _Flow(self._network, self._target, addr, self._transport, self._flows)
        flow.send(data)


class _Flow:
    """One client's datagrams."""

    def __init__(
        self,
        network: Network,
        target: _Address,
        client: _Address,
        transport: asyncio.DatagramTransport,
        flows: dict[_Address, _Flow],
    ) -> None:
        self._client, self._transport, self._flows = client, transport, flows
        self._loop = asyncio.get_running_loop()
        self._port = network.open_udp(*target, self)
        self._until_s = 0.0
        self._alarm = self._loop.call_later(_FLOW_S, self._overdue)

    def send(self, data: bytes) -> None:
        self._until_s = self._loop.time() + _FLOW_S
        self._port.send(data)

    def datagram(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, self._client)

    def error(self, exc: OSError) -> None:
        """No ICMP error can be sent on from here, so the client sees silence."""

    def close(self) -> None:
        self._alarm.cancel()
        self._port.close()
        del self._flows[self._client]

    def _overdue(self) -> None:
        if self._loop.time() >= self._until_s:
            self.close()
        else:
            self._alarm = self._loop.call_at(self._until_s, self._overdue)


class _TcpClient(asyncio.Protocol):
    """The client's end; what it sends before the connection behind it stands is held back."""

    def __init__(self, network: Network, target: _Address) -> None:
        self._network, self._target = network, target
        self._held = b""
        self._behind: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
        self._transport = transport
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._behind is not None:
            self._behind.close()

    def data_received(self, data: bytes) -> None:
        if self._behind is None:
            self._held += data
        else:
            self._behind.write(data)

    async def _connect(self) -> None:
        try:
            self._behind = await self._network.open_tcp(lambda: _TcpBehind(self._transport), *self._target)
        except OSError:
            self._transport.abort()
            return
        self._behind.write(self._held)


class _TcpBehind(asyncio.Protocol):
    """The replica's end."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.write(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._client.close()
