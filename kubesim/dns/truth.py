"""Facts about what a replica answers, at the instants at which that changes."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.dns.lookup import Lookup
from kubesim.dns.names import reverse_name, to_wire, unpacked
from kubesim.dns.query import Query
from kubesim.dns.record import Name, Record, RType
from kubesim.dns.zone import Effect
from kubesim.truth import Fact, Truth

_KEPT = (RType.A, RType.SRV, RType.PTR)


class AnswerTruth:
    """Says what A, SRV and PTR questions are answered from now on, where a change made a difference.

    It is the zone's answer: one that the cache plugin still keeps (PTR under kubeadm's Corefile) is given in its place,
    which `keep` says.
    """

    def __init__(self, truth: Truth, lookup: Lookup, domain: str, replica: str) -> None:
        self._truth, self._lookup, self._domain, self._replica = truth, lookup, domain, replica
        self._said: dict[tuple[str, RType], tuple[str, ...]] = {}

    def note(self, effect: Effect, now_s: float) -> None:
        """Look at every name that a change may have touched."""
        for name, rtype in self._names(effect):
            value = self._value(name, rtype)
            if value != self._said.get((name, rtype), ()):
                self._said[name, rtype] = value
                self._truth.add(Fact(now_s, "dns", name, self._replica, value, rtype.name))

    def keep(self, query: Query, now_s: float, until_s: float) -> None:
        """The cache plugin gives what is true now until then."""
        if query.qtype in _KEPT:
            self._truth.add(Fact(now_s, "kept", query.name, self._replica, (repr(until_s),), RType(query.qtype).name))

    def _names(self, effect: Effect) -> Iterator[tuple[str, RType]]:
        for namespace, service in sorted(effect.services):
            name = f"{service}.{namespace}.svc.{self._domain}"
            yield name, RType.A
            yield name, RType.SRV
        for (namespace, service), label in sorted(effect.labels):
            yield f"{label}.{service}.{namespace}.svc.{self._domain}", RType.A
        for address in sorted(effect.addresses):
            yield reverse_name(address), RType.PTR

    def _value(self, name: str, rtype: RType) -> tuple[str, ...]:
        wire = to_wire(name)
        answer = self._lookup.answer(Query(0, b"", wire, name, rtype, 1, None))
        found = answer.answers if answer else ()
        return tuple(sorted(_target(record) for record in found if record.rtype == rtype))


def _target(record: Record) -> str:
    last = record.data[-1]
    return last.text() if isinstance(last, Name) else unpacked(last)
