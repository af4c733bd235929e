"""How a replica finds its source: one A query for each name of the pod's search list (dnsPolicy ClusterFirst)."""

from __future__ import annotations

import asyncio

import dns.exception
import dns.message
import dns.rdatatype

from chaos.sandbox.network import Network

_SERVER = "10.96.0.10"
_NDOTS = 5
_WAIT_S, _TRIES = 5.0, 2  # resolv.conf's defaults


async def find_address(network: Network, source: str, namespace: str, name: str) -> str:
    """The first address of a name, as a pod with the address `source` learns it.

    Raises:
        LookupError: it has none, or nobody answered.
    """
    below = [f"{name}.{domain}" for domain in (f"{namespace}.svc.cluster.local", "svc.cluster.local", "cluster.local")]
    bare = name.rstrip(".")
    tried = [bare] if name.endswith(".") else [bare, *below] if name.count(".") >= _NDOTS else [*below, bare]
    for candidate in tried:
        found = await _ask(network, source, candidate)
        if found:
            return found
    raise LookupError(name)


async def _ask(network: Network, source: str, name: str) -> str:
    answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    port = network.open_udp(_SERVER, 53, _Receiver(answer), source=source)
    try:
        for _ in range(_TRIES):
            port.send(dns.message.make_query(f"{name}.", "A", id=1, use_edns=False).to_wire())
            done, _ = await asyncio.wait([answer], timeout=_WAIT_S)
            if done:
                message = dns.message.from_wire(answer.result())
                records = [item for rrset in message.answer for item in rrset if item.rdtype == dns.rdatatype.A]
                return str(records[0]) if records else ""
    except (OSError, dns.exception.DNSException):
        return ""
    finally:
        port.close()
    return ""


class _Receiver:
    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram(self, data: bytes) -> None:
        if not self._answer.done():
            self._answer.set_result(data)

    def error(self, exc: OSError) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)
