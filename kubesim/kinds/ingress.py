"""Ingresses (pkg/registry/networking/ingress, pkg/apis/networking). They are kept; no controller serves them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.columns import NONE, age_of
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_CLASS = "kubernetes.io/ingress.class"
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_SHOWN_HOSTS = 3
_WIDTH = 16


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid_value("spec", spec.get("rules"), "either `defaultBackend` or `rules` must be specified")
    if "defaultBackend" in spec:
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    for i, rule in enumerate(spec.get("rules") or ()):
        at = f"spec.rules[{i}]"
        yield from _host(rule.get("host", ""), f"{at}.host", address=False)
        if "http" in rule:
            paths = rule["http"].get("paths") or ()
            if not paths:
                yield required(f"{at}.http.paths")
            for j, path in enumerate(paths):
                yield from _path(path, f"{at}.http.paths[{j}]")
    yield from _tls(spec)
    if "ingressClassName" in spec:
        complaints = names.subdomain(spec["ingressClassName"])
        yield from (invalid_value("spec.ingressClassName", spec["ingressClassName"], text) for text in complaints)


def _tls(spec: Object) -> Iterator[Cause]:
    for i, tls in enumerate(spec.get("tls") or ()):
        for j, host in enumerate(tls.get("hosts") or ()):
            yield from _host(host, f"spec.tls[{i}].hosts[{j}]", address=True)
        if tls.get("secretName"):
            complaints = names.subdomain(tls["secretName"])
            yield from (invalid_value(f"spec.tls[{i}].secretName", tls["secretName"], text) for text in complaints)


def _host(host: str, at: str, *, address: bool) -> Iterator[Cause]:
    if not host:
        return
    if not address and _is_address(host):
        yield invalid_value(at, host, "must be a DNS name, not an IP address")
    # Of a wildcard only the first label is an asterisk.
    yield from (invalid_value(at, host, text) for text in names.subdomain(host.removeprefix("*.")))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _path(path: Object, at: str) -> Iterator[Cause]:
    text, kind = path.get("path", ""), path.get("pathType")
    if kind is None:
        yield required(f"{at}.pathType", "pathType must be specified")
        return
    if kind not in _PATH_TYPES:
        yield not_supported(f"{at}.pathType", kind, _PATH_TYPES)
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        yield invalid_value(f"{at}.path", text, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        for bad in _BAD_SEQUENCES:
            if bad in text:
                yield invalid_value(f"{at}.path", text, f"must not contain '{bad}'")
        for bad in _BAD_ENDS:
            if text.endswith(bad):
                yield invalid_value(f"{at}.path", text, f"cannot end with '{bad}'")
    yield from _backend(path.get("backend") or {}, f"{at}.backend")


def _backend(backend: Object, at: str) -> Iterator[Cause]:
    if "resource" in backend and "service" in backend:
        yield invalid_value(at, "", "cannot set both resource and service backends")
    elif "service" in backend:
        yield from _service(backend["service"], at)
    elif "resource" in backend:
        for field in ("kind", "name"):
            if not backend["resource"].get(field):
                yield required(f"{at}.resource.{field}")
    else:
        yield invalid_value(at, "", "resource or service backend is required")


def _service(service: Object, at: str) -> Iterator[Cause]:
    name, port = service.get("name", ""), service.get("port") or {}
    if not name:
        yield required(f"{at}.service.name")
    else:
        yield from (invalid_value(f"{at}.service.name", name, text) for text in names.name_without_dots(name))
    if port.get("name") and port.get("number"):
        yield invalid_value(at, "", "cannot set both port name & port number")
    elif port.get("name"):
        complaints = names.port_name(port["name"])
        yield from (invalid_value(f"{at}.service.port.name", port["name"], text) for text in complaints)
    elif port.get("number"):
        complaints = names.port_number(port["number"])
        yield from (invalid_value(f"{at}.service.port.number", port["number"], text) for text in complaints)
    else:
        yield required(at, "port name or number is required")


def _warnings(obj: Object) -> Iterator[str]:
    if _CLASS in (obj["metadata"].get("annotations") or {}) and "ingressClassName" not in obj["spec"]:
        yield f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"


def _row(obj: Object, now: datetime) -> list[Any]:
    spec, rules = obj["spec"], obj["spec"].get("rules") or ()
    hosts = ",".join(rule["host"] for rule in rules[:_SHOWN_HOSTS] if rule.get("host")) or "*"
    if len(rules) > _SHOWN_HOSTS and hosts != "*":
        hosts += f" + {len(rules) - _SHOWN_HOSTS} more..."
    points = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    addresses = ",".join(sorted({point.get("ip") or point.get("hostname", "") for point in points}))
    if len(addresses) > _WIDTH:
        addresses = addresses[: _WIDTH - 3] + "..."
    ports = "80, 443" if spec.get("tls") else "80"
    return [obj["metadata"]["name"], spec.get("ingressClassName", NONE), hosts, addresses, ports, age_of(obj, now)]


KIND = Kind(
    resource=Resource("networking.k8s.io", "v1", "ingresses", "Ingress", True, ("ing",), ("status",)),
    has_spec=True,
    validate=_validate,
    warnings=_warnings,
    initial_status=lambda _: {"loadBalancer": {}},
    generation=spec_of,
    table=Table.of("Name,Class,Hosts,Address,Ports,Age", _row),
)
