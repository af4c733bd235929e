"""Places that answer DNS."""

from __future__ import annotations

from dataclasses import dataclass

DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class DnsView:
    """One place that answers DNS.

    Attributes:
        name: a CoreDNS pod's name, or ``service`` for the cluster DNS address.
        balanced: the address stands for several servers; each query then leaves from a fresh source port, since
            connection tracking ties a port to one server.
    """

    name: str
    address: str
    balanced: bool = False
    port: int = DNS_PORT
