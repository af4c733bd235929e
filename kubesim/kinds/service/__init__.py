"""Services (pkg/registry/core/service, pkg/apis/core)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.columns import NONE, age_of, labels
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.kinds.service import validation
from kubesim.kinds.service.update import carry_over
from kubesim.kinds.service.warnings import warnings
from kubesim.objects import Object


def _defaults(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, "") and "port" in port:
            port["targetPort"] = port["port"]
    if spec["type"] == "ExternalName":
        return
    spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer") or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _usage(obj: Object) -> dict[str, str]:
    spec, used = obj["spec"], {"services": "1"}
    if spec["type"] == "LoadBalancer":
        used["services.loadbalancers"] = "1"
    balanced = spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
    if spec["type"] == "NodePort" or balanced:
        used["services.nodeports"] = str(len(spec.get("ports", ())))
    return used


def _row(obj: Object, now: datetime) -> list[Any]:
    spec = obj["spec"]
    ports = ",".join(
        f"{p['port']}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p['protocol']}"
        for p in spec.get("ports", ())
    )
    external = {"LoadBalancer": "<pending>", "ExternalName": spec.get("externalName", "")}.get(spec["type"], NONE)
    external = ",".join(spec.get("externalIPs", ())) or external
    return [
        obj["metadata"]["name"],
        spec["type"],
        spec.get("clusterIP") or NONE,
        external,
        ports or NONE,
        age_of(obj, now),
        labels(spec.get("selector")),
    ]


KIND = Kind(
    resource=Resource("", "v1", "services", "Service", True, ("svc",), ("status",), ("all",)),
    name=names.name_without_dots,
    has_spec=True,
    defaults=_defaults,
    prepare_update=carry_over,
    validate=validation.service,
    validate_update=validation.changed,
    warnings=warnings,
    initial_status=lambda _: {"loadBalancer": {}},
    create_on_update=True,
    returned_when_gone=True,
    selectable=("metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"),
    has_addresses=True,
    usage=_usage,
    table=Table.of("Name,Type,Cluster-IP,External-IP,Port(s),Age,Selector+", _row),
)
