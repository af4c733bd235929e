"""What a Service must not say (pkg/apis/core/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, duplicate, forbidden_field, invalid_value, not_supported, required
from kubesim.fields.containers import PROTOCOLS
from kubesim.fields.labels import check_labels
from kubesim.kinds.service import traffic
from kubesim.objects import Object

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")


def service(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    address = _address(spec)
    if not spec.get("ports") and address != "None" and spec["type"] != "ExternalName":
        yield required("spec.ports")
    seen: set[str] = set()
    for i, port in enumerate(spec.get("ports", ())):
        yield from _port(port, f"spec.ports[{i}]", seen, alone=len(spec["ports"]) == 1, kind=spec["type"])
    yield from _duplicate_ports(spec)
    yield from check_labels(spec.get("selector", {}), "spec.selector")
    if spec["sessionAffinity"] not in _AFFINITIES:
        yield not_supported("spec.sessionAffinity", spec["sessionAffinity"], _AFFINITIES)
    yield from traffic.affinity(spec)
    if spec["type"] not in _TYPES:
        yield not_supported("spec.type", spec["type"], _TYPES)
    if spec["type"] == "ExternalName":
        yield from _external_name(spec, address)
    elif address and address != "None":
        yield from (invalid_value("spec.clusterIPs[0]", address, text) for text in names.ip_address(address))
    if spec["type"] != "ExternalName":
        yield from traffic.families(spec)
    yield from traffic.outside(spec)
    if address == "None" and spec["type"] in ("NodePort", "LoadBalancer"):
        yield invalid_value("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {spec['type']} services")


def changed(old: Object, new: Object) -> Iterator[Cause]:
    before, after = _address(old["spec"]), _address(new["spec"])
    if "ExternalName" in (old["spec"]["type"], new["spec"]["type"]) or not before or before == after:
        return
    yield invalid_value("spec.clusterIPs[0]", new["spec"].get("clusterIPs"), "may not change once set")


def _address(spec: Object) -> str:
    address: str = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", ())), "")
    return address


def _external_name(spec: Object, address: str) -> Iterator[Cause]:
    if address:
        yield forbidden_field("spec.clusterIPs", "may not be set for ExternalName services")
    name = spec.get("externalName", "").removesuffix(".")
    if not name:
        yield required("spec.externalName")
    else:
        yield from (invalid_value("spec.externalName", name, text) for text in names.subdomain(name))


def _port(port: Object, at: str, seen: set[str], *, alone: bool, kind: str) -> Iterator[Cause]:
    name, number, target = port.get("name", ""), port.get("port", 0), port.get("targetPort", 0)
    if not name and not alone:
        yield required(f"{at}.name")
    elif name:
        yield from (invalid_value(f"{at}.name", name, text) for text in names.label(name))
        if name in seen:
            yield duplicate(f"{at}.name", name)
        seen.add(name)
    yield from (invalid_value(f"{at}.port", number, text) for text in names.port_number(number))
    if port["protocol"] not in PROTOCOLS:
        yield not_supported(f"{at}.protocol", port["protocol"], PROTOCOLS)
    complaints = names.port_number(target) if isinstance(target, int) else names.port_name(target)
    yield from (invalid_value(f"{at}.targetPort", target, text) for text in complaints)
    if port.get("appProtocol"):
        complaints = names.qualified_name(port["appProtocol"])
        yield from (invalid_value(f"{at}.appProtocol", port["appProtocol"], text) for text in complaints)
    if port.get("nodePort", 0) and kind == "ClusterIP":
        yield forbidden_field(f"{at}.nodePort", "may not be used when `type` is 'ClusterIP'")


def _duplicate_ports(spec: Object) -> Iterator[Cause]:
    seen: set[tuple[str, int]] = set()
    for i, port in enumerate(spec.get("ports", ())):
        key = port["protocol"], port.get("port", 0)
        if key in seen:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            yield duplicate(f"spec.ports[{i}]", shown)
        seen.add(key)
