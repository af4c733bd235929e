"""CoreDNS's kubernetes plugin: which records a question asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kubesim.dns.corefile import Corefile
from kubesim.dns.names import (
    is_ipv6,
    is_under,
    normal_address,
    reversed_address,
    to_wire,
)
from kubesim.dns.query import CLASS_IN, Query
from kubesim.dns.record import (
    REFUSED,
    Answer,
    Rcode,
    Record,
    RType,
    address_record,
    name_record,
    soa_record,
    srv_record,
    txt_record,
)
from kubesim.dns.zone import NO_PORT, Port, Service, ServiceKey, Zone

DNS_VERSION = "1.1.0"  # of the Kubernetes DNS specification
_MAX_CNAMES = 8
_IPV4_DASHES = 3


class _Hit(NamedTuple):
    """Something that a name stands for: an address (or, for ExternalName, a name), a port, and its own name."""

    host: str
    port: int
    name: str
    external: bool = False


class _NoSuchNameError(Exception):
    """NXDOMAIN, or a case for the next plugin."""


class Lookup:
    """Answers questions from a zone.

    Args:
        own_address: the replica's pod address; what `ns.dns` and NS records are derived from.
        serial: the SOA's serial: Unix seconds of the last change.
    """

    def __init__(
        self, zone: Zone, corefile: Corefile, own_address: Callable[[], str], serial: Callable[[], int]
    ) -> None:
        self._zone, self._corefile, self._own_address, self._serial = zone, corefile, own_address, serial
        self.domain = next((z for z in corefile.zones if not z.endswith(".arpa")), "")
        self._ttl_s = corefile.ttl_s

    def answer(self, query: Query) -> Answer | None:
        """The plugin's answer; None where the question is for the next plugin."""
        if query.qclass != CLASS_IN and not self._corefile.forwarded:
            return REFUSED  # the server lets other classes in only for the sake of plugins such as forward
        zone = max((z for z in self._corefile.zones if is_under(query.name, z)), key=len, default=None)
        if zone is None:
            return None
        if query.qtype in (RType.AXFR, RType.IXFR):
            return REFUSED
        try:
            return self._positive(query, zone)
        except _NoSuchNameError:
            if any(is_under(query.name, z) for z in self._corefile.fallthrough):
                return None
            return Answer(Rcode.NXDOMAIN, authority=(self._soa(zone),))

    def _soa(self, zone: str) -> Record:
        return soa_record(zone, self._serial(), self._ttl_s)

    def _positive(self, query: Query, zone: str) -> Answer:
        """The records asked for, or NODATA.

        Raises:
            _NoSuchNameError: nothing has the name.
        """
        answers: Iterable[Record] = ()
        additional: Iterable[Record] = ()
        owner, name, qtype = query.qname, query.name, query.qtype
        if qtype in (RType.A, RType.AAAA, RType.CNAME):
            answers = self._addresses(owner, name, zone, qtype)
        elif qtype == RType.SRV:
            answers, additional = self._srv(owner, name, zone)
        elif qtype == RType.PTR and zone.endswith(".arpa"):
            answers = self._ptr(owner, name, zone)
        elif qtype == RType.TXT:
            answers = self._txt(owner, name, zone)
        elif qtype == RType.SOA:
            answers = (self._soa(zone),) if name == zone else ()  # whether or not the name exists
        elif qtype == RType.PTR and name == f"ns.dns.{zone}":
            raise _NoSuchNameError
        elif qtype == RType.NS and name == zone:
            answers, additional = self._ns(owner, zone)
        else:
            self._hits(name, zone, RType.A)
        if not answers:
            return Answer(Rcode.NOERROR, authority=(self._soa(zone),))
        return Answer(Rcode.NOERROR, answers=tuple(answers), additional=tuple(additional))

    # ---- record types ----

    def _addresses(self, owner: bytes, name: str, zone: str, qtype: int, depth: int = 0) -> list[Record]:
        found: dict[Record, None] = {}
        for hit in self._hits(name, zone, qtype):
            if not hit.external:
                if qtype == (RType.AAAA if is_ipv6(hit.host) else RType.A):
                    found[address_record(owner, hit.host, self._ttl_s)] = None
                continue
            alias = name_record(owner, RType.CNAME, hit.host, self._ttl_s)
            target = hit.host.lower()
            if qtype == RType.CNAME or not is_under(target, zone):
                found[alias] = None
            elif depth < _MAX_CNAMES and target != name:
                try:
                    chain = self._addresses(to_wire(hit.host), target, zone, qtype, depth + 1)
                except _NoSuchNameError:
                    continue
                if chain:
                    found |= dict.fromkeys([alias, *chain])
        return list(found)

    def _srv(self, owner: bytes, name: str, zone: str) -> tuple[list[Record], list[Record]]:
        hits = [hit for hit in self._hits(name, zone, RType.SRV) if not hit.external]
        answers: dict[Record, None] = {}
        additional: dict[Record, None] = {}
        for hit in hits:
            if hit.port != NO_PORT:
                weight = max(1, 100 // len(hits))
                answers[srv_record(owner, weight, hit.port, hit.name, self._ttl_s)] = None
                additional[address_record(to_wire(hit.name), hit.host, self._ttl_s)] = None
        return list(answers), list(additional)

    def _ptr(self, owner: bytes, name: str, zone: str) -> list[Record]:
        if name == zone:
            return []
        address = reversed_address(name)
        targets = self.reverse(address) if address else []
        if not targets:
            raise _NoSuchNameError
        return [name_record(owner, RType.PTR, target, self._ttl_s) for target in targets]

    def _txt(self, owner: bytes, name: str, zone: str) -> list[Record]:
        if name == f"dns-version.{zone}":
            return [txt_record(owner, DNS_VERSION, self._ttl_s)]
        if not self._hits(name, zone, RType.TXT):
            raise _NoSuchNameError  # even where the name exists as a parent of others
        return []

    def _ns(self, owner: bytes, zone: str) -> tuple[list[Record], list[Record]]:
        answers: dict[Record, None] = {}
        additional: dict[Record, None] = {}
        for name, address in self._nameservers(zone):
            answers[name_record(owner, RType.NS, name, self._ttl_s)] = None
            additional[address_record(to_wire(name), address, self._ttl_s)] = None
        return list(answers), list(additional)

    # ---- names ----

    def reverse(self, address: str) -> list[str]:
        """Names that an address stands for: a service's, else its endpoints'."""
        service = self._zone.service_at(address)
        if service:
            return [self._service_name(service)]
        return [f"{label}.{self._service_name(key)}" for key, label in self._zone.names_of(address)]

    def _service_name(self, key: ServiceKey, zone: str = "") -> str:
        return f"{key[1]}.{key[0]}.svc.{zone or self.domain}"

    def _nameservers(self, zone: str) -> list[tuple[str, str]]:
        """Name and address of each service that this replica is an endpoint of."""
        own = self._own_address()
        found = []
        for key, label in self._zone.names_of(own):
            service = self._zone.services.get(key)
            if service and service.headless:
                found.append((f"{label}.{self._service_name(key, zone)}", own))
            elif service:
                found += [(self._service_name(key, zone), address) for address in service.addresses]
        return found or ([(f"ns.dns.{zone}", own)] if own else [])

    def _hits(self, name: str, zone: str, qtype: int) -> list[_Hit]:
        """What a name stands for; nothing for a name that merely has others below it.

        Raises:
            _NoSuchNameError: no such name.
        """
        if name == zone:
            return []
        if name == f"ns.dns.{zone}":
            addresses = {address for _, address in self._nameservers(zone)}
            fitting = [a for a in sorted(addresses) if qtype == (RType.AAAA if is_ipv6(a) else RType.A)]
            return [_Hit(a, NO_PORT, name) for a in fitting]
        if zone.endswith(".arpa"):
            raise _NoSuchNameError
        *labels, branch = name.removesuffix(f".{zone}").split(".")
        if branch not in ("svc", "pod"):
            raise _NoSuchNameError
        if not labels:
            return []
        namespace = labels.pop()
        if namespace not in self._zone.namespaces or len(labels) > 3:  # noqa: PLR2004 - _port._protocol.service
            raise _NoSuchNameError
        if not labels:
            return []
        hits = self._service_hits(namespace, labels) if branch == "svc" else self._pod_hits(namespace, labels[-1])
        if not hits:
            raise _NoSuchNameError
        return hits

    def _pod_hits(self, namespace: str, label: str) -> list[_Hit]:
        """`pods insecure`: any name in the shape of an address stands for it."""
        dotted = label.count("-") == _IPV4_DASHES and "--" not in label
        address = normal_address(label.replace("-", "." if dotted else ":"))
        return [_Hit(address, 0, f"{label}.{namespace}.pod.{self.domain}")] if address else []

    def _service_hits(self, namespace: str, labels: list[str]) -> list[_Hit]:
        key = namespace, labels.pop()
        service = self._zone.services.get(key)
        if service is None:
            return []
        endpoint = labels[0] if len(labels) == 1 else ""
        port, protocol = (_bare(labels[0]), _bare(labels[1])) if len(labels) > 1 else ("", "")

        def wanted(ports: tuple[Port, ...]) -> list[Port]:
            return [p for p in ports if port in ("", p.name.lower()) and protocol in ("", p.protocol)]

        name = self._service_name(key)
        if service.external_name:
            return self._alias(service, name) if not labels else []
        if not service.headless and not endpoint:
            return [_Hit(address, p.number, name) for p in wanted(service.ports) for address in service.addresses]
        return [
            _Hit(found.address, p.number, f"{found.label}.{name}")
            for found in self._zone.endpoints(key, endpoint)
            for p in wanted(found.ports)
        ]

    @staticmethod
    def _alias(service: Service, name: str) -> list[_Hit]:
        if normal_address(service.external_name):
            return []  # an address is no name: such services do not resolve
        return [_Hit(service.external_name, NO_PORT, name, external=True)]


def _bare(label: str) -> str:
    return label.removeprefix("_")
