"""CoreDNS's erratic plugin: one answer to everything, some of them dropped or late."""

from __future__ import annotations

from dataclasses import dataclass

from kubesim.dns.query import Query
from kubesim.dns.record import Answer, Rcode, RType, address_record

# The plugin's own (RFC 5737, RFC 3849); it gives them a TTL of 0.
_ADDRESSES = {int(RType.A): "192.0.2.53", int(RType.AAAA): "2001:db8::53"}
_SERVFAIL = Answer(Rcode.SERVFAIL, authoritative=False)


@dataclass(frozen=True, slots=True)
class ErraticSettings:
    """What a Corefile says; the defaults are the plugin's.

    Attributes:
        drop: one in so many queries gets no answer; 0: none.
        delay: one in so many is answered `delay_s` late; 0: none.
    """

    drop: int = 2
    delay: int = 0
    delay_s: float = 0.1


class Erratic:
    """The plugin in one server block of one replica: it counts its queries and looks at nothing else."""

    def __init__(self, settings: ErraticSettings) -> None:
        self._settings = settings
        self._queries = 0

    def serve(self, query: Query) -> tuple[Answer | None, float]:
        """The answer, None where the query is dropped, and how many seconds late it is."""
        number, settings = self._queries, self._settings
        self._queries += 1
        if settings.drop and number % settings.drop == 0:
            return None, 0.0
        late_s = settings.delay_s if settings.delay and number % settings.delay == 0 else 0.0
        address = _ADDRESSES.get(query.qtype)
        if address is None:
            return _SERVFAIL, late_s
        return Answer(Rcode.NOERROR, answers=(address_record(query.qname, address, 0),)), late_s
