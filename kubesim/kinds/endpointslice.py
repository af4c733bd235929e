"""EndpointSlices (pkg/registry/discovery/endpointslice)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value, required
from kubesim.fields.columns import UNSET, age_of, first_few
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object


def _defaults(obj: Object) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _validate(obj: Object) -> Iterator[Cause]:
    kind = obj.get("addressType")
    if not kind:
        yield required("addressType")
    for i, endpoint in enumerate(obj.get("endpoints") or ()):
        at = f"endpoints[{i}]"
        if not endpoint.get("addresses"):
            yield required(f"{at}.addresses")
        for j, address in enumerate(endpoint.get("addresses", ())):
            if kind in ("IPv4", "IPv6"):
                yield from (invalid_value(f"{at}.addresses[{j}]", address, t) for t in names.ip_address(address))
        if endpoint.get("hostname"):
            yield from (
                invalid_value(f"{at}.hostname", endpoint["hostname"], t) for t in names.label(endpoint["hostname"])
            )


def _counted(obj: Object) -> Object:
    labels = obj["metadata"].get("labels")
    return {"labels": labels, **{key: obj.get(key) for key in ("addressType", "endpoints", "ports")}}


def _row(obj: Object, now: datetime) -> list[Any]:
    ports = [str(p["port"]) if p.get("port") is not None else "*" for p in obj.get("ports") or ()]
    addresses = [a for e in obj.get("endpoints") or () for a in e.get("addresses", ())]
    return [
        obj["metadata"]["name"],
        obj.get("addressType", ""),
        first_few(ports) or UNSET,
        first_few(addresses) or UNSET,
        age_of(obj, now),
    ]


KIND = Kind(
    resource=Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    defaults=_defaults,
    validate=_validate,
    generation=_counted,
    table=Table.of("Name,AddressType,Ports,Endpoints,Age", _row),
)
