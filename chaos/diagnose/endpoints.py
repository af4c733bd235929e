"""What the EndpointSlices of a service say, and the records that follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaos.diagnose.snapshot import Item, Snapshot, is_headless
from chaos.diagnose.values import mapping, mappings, text, texts

_SERVICE = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a service.

    Attributes:
        hostname: the label under which DNS gives it; empty: none of its own.
        pod: that it is of.
        ready: as DNS and kube-proxy take it: what is not said counts as ready.
    """

    addresses: tuple[str, ...]
    hostname: str
    pod: str
    uid: str
    ready: bool
    serving: bool
    terminating: bool


def endpoints_of(snapshot: Snapshot, service: Item) -> Iterator[Endpoint]:
    """All endpoints of a service."""
    for item in snapshot.of("EndpointSlice", service.namespace):
        if item.labels.get(_SERVICE) != service.name:
            continue
        for row in mappings(item.object.get("endpoints")):
            conditions, target = mapping(row, "conditions"), mapping(row, "targetRef")
            yield Endpoint(
                tuple(texts(row.get("addresses"))),
                text(row.get("hostname")),
                text(target.get("name")),
                text(target.get("uid")),
                conditions.get("ready") is not False,
                conditions.get("serving") is not False,
                conditions.get("terminating") is True,
            )


def expected_records(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """Absolute name → the addresses that DNS must give for it (Kubernetes DNS specification 1.1.0), IPv4 only."""
    records: dict[str, set[str]] = {}
    for service in snapshot.of("Service"):
        name = f"{service.name}.{service.namespace}.svc.{snapshot.domain}"
        address = text(service.spec.get("clusterIP"))
        if not is_headless(service):
            if "." in address:
                records[name] = {address}
            continue
        for endpoint in endpoints_of(snapshot, service):
            found = {a for a in endpoint.addresses if "." in a}
            if endpoint.ready and found:
                records.setdefault(name, set()).update(found)
                if endpoint.hostname:
                    records.setdefault(f"{endpoint.hostname}.{name}", set()).update(found)
    return {name: frozenset(addresses) for name, addresses in records.items()}
