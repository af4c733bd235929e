"""What one replica knows of the cluster: services, endpoints, namespaces; each change costs the size of its object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kubesim.dns.names import address_label, normal_address
from kubesim.store import Change, Object

KINDS = frozenset({"Service", "EndpointSlice", "Namespace"})
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
NO_PORT = -1  # what CoreDNS's kubernetes plugin takes for the port of a slice without ports

ServiceKey = tuple[str, str]  # namespace, name


class Port(NamedTuple):
    """A port that SRV records are made of; `protocol` in lower case."""

    name: str
    protocol: str
    number: int


class Endpoint(NamedTuple):
    """A ready address of a service; `label` is its hostname, or its address with dashes."""

    address: str
    label: str
    ports: tuple[Port, ...]


class Service(NamedTuple):
    """A Service, as far as DNS is concerned."""

    addresses: tuple[str, ...]
    headless: bool
    external_name: str
    ports: tuple[Port, ...]


class Slice:
    """The ready endpoints of one EndpointSlice, also by label."""

    __slots__ = ("by_label", "endpoints", "service")

    def __init__(self, service: ServiceKey, endpoints: tuple[Endpoint, ...]) -> None:
        self.service = service
        self.endpoints = endpoints
        self.by_label: dict[str, list[Endpoint]] = {}
        for endpoint in endpoints:
            self.by_label.setdefault(endpoint.label.lower(), []).append(endpoint)


@dataclass(slots=True)
class Effect:
    """What a change may have changed in the answers."""

    services: set[ServiceKey] = field(default_factory=set)
    labels: set[tuple[ServiceKey, str]] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    namespaces: bool = False

    def __bool__(self) -> bool:
        return bool(self.services or self.labels or self.addresses or self.namespaces)


class Zone:
    """Services and endpoints by the keys that questions have."""

    def __init__(self) -> None:
        self.namespaces: set[str] = set()
        self.services: dict[ServiceKey, Service] = {}
        self._slices: dict[ServiceKey, dict[str, Slice]] = {}
        self._service_of_slice: dict[tuple[str, str], ServiceKey] = {}
        self._by_cluster_ip: dict[str, ServiceKey] = {}
        self._by_address: dict[str, Counter[tuple[ServiceKey, str]]] = {}

    # ---- reading ----

    def endpoints(self, service: ServiceKey, label: str = "") -> Iterator[Endpoint]:
        """Ready endpoints of a service, all or those with a label (lower case), slice by slice."""
        for piece in self._slices.get(service, {}).values():
            yield from piece.by_label.get(label, ()) if label else piece.endpoints

    def service_at(self, address: str) -> ServiceKey | None:
        """The service that has an address as its ClusterIP."""
        return self._by_cluster_ip.get(address)

    def names_of(self, address: str) -> list[tuple[ServiceKey, str]]:
        """Service and label of each endpoint with an address."""
        return list(self._by_address.get(address, ()))

    # ---- writing ----

    def apply(self, change: Change) -> Effect:
        """Take over a committed change of one of `KINDS`; an empty effect where DNS sees no difference."""
        present = change.type != "DELETED"
        _, namespace, name = change.key
        if change.kind == "Namespace":
            return self._namespace(name, present=present)
        if change.kind == "Service":
            return self._service((namespace, name), _service(change.object) if present else None)
        return self._slice((namespace, name), _slice(change.object) if present else None)

    def _namespace(self, name: str, *, present: bool) -> Effect:
        if present == (name in self.namespaces):
            return Effect()
        (self.namespaces.add if present else self.namespaces.discard)(name)
        return Effect(namespaces=True)

    def _service(self, key: ServiceKey, new: Service | None) -> Effect:
        old = self.services.get(key)
        if new == old:
            return Effect()
        if old is not None:
            del self.services[key]
            for address in old.addresses:
                self._by_cluster_ip.pop(address, None)
        if new is not None:
            self.services[key] = new
            self._by_cluster_ip |= dict.fromkeys(new.addresses, key)
        addresses = {*(old.addresses if old else ()), *(new.addresses if new else ())}
        labels = {(key, e.label.lower()) for e in self.endpoints(key)}
        return Effect({key}, labels, addresses)

    def _slice(self, key: tuple[str, str], new: Slice | None) -> Effect:
        old_service = self._service_of_slice.get(key)
        old = self._slices[old_service].pop(key[1]) if old_service else None
        if new is not None:
            self._service_of_slice[key] = new.service
            self._slices.setdefault(new.service, {})[key[1]] = new
        elif old_service:
            del self._service_of_slice[key]
        before = Counter((old.service, e) for e in old.endpoints) if old else Counter()
        after = Counter((new.service, e) for e in new.endpoints) if new else Counter()
        effect = Effect()
        for (service, endpoint), count in (before - after).items():
            self._count(service, endpoint, -count)
            self._touched(effect, service, endpoint)
        for (service, endpoint), count in (after - before).items():
            self._count(service, endpoint, count)
            self._touched(effect, service, endpoint)
        return effect

    def _count(self, service: ServiceKey, endpoint: Endpoint, by: int) -> None:
        names = self._by_address.setdefault(endpoint.address, Counter())
        names[service, endpoint.label] += by
        if names[service, endpoint.label] <= 0:
            del names[service, endpoint.label]
        if not names:
            del self._by_address[endpoint.address]

    @staticmethod
    def _touched(effect: Effect, service: ServiceKey, endpoint: Endpoint) -> None:
        effect.services.add(service)
        effect.labels.add((service, endpoint.label.lower()))
        effect.addresses.add(endpoint.address)


def _service(obj: Object) -> Service:
    spec = obj.get("spec", {})
    if spec.get("type") == "ExternalName":
        return Service((), False, spec.get("externalName", "").rstrip("."), ())
    addresses = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
    usable = tuple(a for a in map(normal_address, addresses) if a)
    return Service(usable, "None" in addresses, "", tuple(_port(p) for p in spec.get("ports") or ()))


def _slice(obj: Object) -> Slice:
    meta = obj["metadata"]
    service = meta.get("namespace", ""), (meta.get("labels") or {}).get(SERVICE_NAME_LABEL, "")
    ports = tuple(_port(p) for p in obj.get("ports") or ()) or (Port("", "", NO_PORT),)
    endpoints = []
    for row in obj.get("endpoints") or ():
        # A condition that is not stated counts as true; serving and terminating mean nothing to CoreDNS.
        if (row.get("conditions") or {}).get("ready") is False:
            continue
        for text in row.get("addresses") or ():
            address = normal_address(text)
            if address:
                endpoints.append(Endpoint(address, row.get("hostname") or address_label(address), ports))
    return Slice(service, tuple(endpoints))


def _port(row: Object) -> Port:
    return Port(row.get("name") or "", (row.get("protocol") or "TCP").lower(), row.get("port") or NO_PORT)
