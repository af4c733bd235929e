"""What one sample found."""

from __future__ import annotations

from dataclasses import dataclass

# Statuses beside the DNS rcodes (NOERROR, NXDOMAIN, SERVFAIL, REFUSED, …) and the errno names (ECONNREFUSED, …).
OK = "OK"  # a connection: the exchange ended as it should
NODATA = "NODATA"  # DNS: NOERROR without an answer of the asked type
TIMEOUT = "TIMEOUT"  # no answer within the probe's timeout
EOF = "EOF"  # the other side closed an open connection
MALFORMED = "MALFORMED"  # an answer came that cannot be read, or not as one to its question
TRUNCATED = "TRUNCATED"  # DNS: the answer did not fit into a datagram, and none came over TCP

# What a DNS status says about the record; everything else (TIMEOUT, SERVFAIL, errno, …) says nothing: unknown.
DNS_PRESENT = frozenset({"NOERROR"})
DNS_ABSENT = frozenset({"NXDOMAIN", NODATA})
# Of a connection that failed while its name was looked up, only these tell something.
_RESOLVED = DNS_PRESENT | DNS_ABSENT


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one sample found. Equal outcomes are stored once in a history.

    Attributes:
        status: DNS rcode, ``NODATA``, ``TRUNCATED``, ``OK``, ``TIMEOUT``, ``EOF``, ``MALFORMED`` or an errno name
            (``ECONNREFUSED``).
        phase: where in the exchange it happened: ``answer`` for DNS; ``resolve``, ``connect``, ``request``,
            ``response`` or ``idle`` (a long-lived connection between two requests) for connections.
        values: DNS: sorted addresses (A) or target names without the final dot (SRV, PTR), or texts (TXT);
            HTTP: the name of the pod that answered.
        additional: SRV: sorted ``name=address`` of the additional section, for targets of the answer.
        srv: SRV: each record whole, sorted: ``priority weight port target``.
        address: connections: the address that was tried, empty where the name did not resolve.
        ttl: seconds, DNS answers only (the SOA's MINIMUM for negative ones).
        detail: more for people, such as a parser's message or the first bytes of an unexpected answer.
    """

    status: str
    phase: str = "answer"
    values: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    address: str = ""
    ttl: int | None = None
    detail: str = ""
    srv: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Of a connection, for people: ``OK``, or ``TIMEOUT (connect)``."""
        return OK if self.status == OK else f"{self.status} ({self.phase})"

    @property
    def says_something(self) -> bool:
        """Whether it tells about what was asked. Silence does not, nor does a server that could not answer."""
        if self.phase in ("answer", "resolve", "send"):
            return self.status in _RESOLVED
        return self.status != TIMEOUT
