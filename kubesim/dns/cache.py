"""CoreDNS's cache plugin: answers that live on after what they say has changed."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.dns.corefile import Corefile
from kubesim.dns.names import is_under
from kubesim.dns.query import Query
from kubesim.dns.record import Answer, Rcode

_Key = tuple[str, int, bool]


class _Item(NamedTuple):
    answer: Answer
    stored_s: float
    ttl_s: int


class Cache:
    """Keeps answers by name, type and DO bit, their TTL counting down in whole seconds.

    kubeadm's Corefile keeps it away from cluster.local, but not from reverse names: a PTR record that was asked for is
    given for up to 30 s after its endpoint has gone (seen on a real 1.34 cluster).
    """

    def __init__(self, corefile: Corefile) -> None:
        self._corefile = corefile
        self._items: dict[_Key, _Item] = {}

    def get(self, query: Query, now_s: float) -> tuple[Answer, float] | None:
        """A kept answer and the instant until which its TTL is right; None where there is none."""
        key = _key(query)
        item = self._items.get(key)
        if item is None:
            return None
        age_s = int(now_s - item.stored_s)
        if age_s >= item.ttl_s:
            del self._items[key]
            return None
        return item.answer.with_ttl(item.ttl_s - age_s), item.stored_s + age_s + 1

    def until_s(self, query: Query) -> float:
        """The instant until which an answer that is kept is given."""
        item = self._items[_key(query)]
        return item.stored_s + item.ttl_s

    def put(self, query: Query, answer: Answer, now_s: float) -> tuple[Answer, float] | None:
        """Keep an answer; as `get`, or None where it is not kept."""
        if not self._corefile.cached or not answer.authoritative:
            return None
        records = answer.answers or answer.authority
        denial = answer.rcode is Rcode.NXDOMAIN or not answer.answers
        uncached = self._corefile.uncached_denial if denial else self._corefile.uncached_success
        cap_s = self._corefile.denial_cap_s if denial else self._corefile.success_cap_s
        if not records or any(is_under(query.name, zone) for zone in uncached):
            return None
        ttl_s = min(max(min(r.ttl_s for r in records), self._corefile.min_ttl_s), cap_s)
        self._items[_key(query)] = _Item(answer, now_s, ttl_s)
        return self.get(query, now_s)


def _key(query: Query) -> _Key:
    return query.name, query.qtype, bool(query.edns and query.edns.dnssec_ok)
