"""What a changed Service keeps and drops (pkg/registry/core/service: patchAllocatedValues, dropTypeDependentFields)."""

from __future__ import annotations

from kubesim.objects import Object, clone

_CLUSTER_IP = ("ClusterIP", "NodePort", "LoadBalancer")
_NODE_PORT = ("NodePort", "LoadBalancer")
# Fields, and the types of service that have them.
_FIELDS_OF_TYPES = (
    ("ipFamilies", _CLUSTER_IP),
    ("ipFamilyPolicy", _CLUSTER_IP),
    ("internalTrafficPolicy", _CLUSTER_IP),
    ("externalTrafficPolicy", _NODE_PORT),
    ("allocateLoadBalancerNodePorts", ("LoadBalancer",)),
    ("loadBalancerClass", ("LoadBalancer",)),
)


def carry_over(old: Object, new: Object) -> None:
    """Settle, in place, what a new state of a service takes from the old one.

    Addresses that it says nothing about stay. What the old type had and the new one has not goes, unless the update
    itself sets it to something else: validation is to see that.
    """
    before, after = old["spec"], new["spec"]
    if before["type"] in _CLUSTER_IP and after["type"] in _CLUSTER_IP:
        _keep_addresses(before, after)
    _drop(before, after)


def _keep_addresses(before: Object, after: Object) -> None:
    asked = after.get("clusterIP", before["clusterIP"])
    if asked != before["clusterIP"] and after.get("clusterIPs") == before["clusterIPs"]:
        after["clusterIPs"] = [asked] if asked else []
    for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if not after.get(field) and field in before:
            after[field] = clone(before[field])


def _drop(before: Object, after: Object) -> None:
    def leaves(types: tuple[str, ...]) -> bool:
        return before["type"] in types and after["type"] not in types

    if leaves(_CLUSTER_IP) and _same(before, after, "clusterIP") and _same(before, after, "clusterIPs"):
        after.pop("clusterIP", None)
        after.pop("clusterIPs", None)
    for field, types in _FIELDS_OF_TYPES:
        if leaves(types) and _same(before, after, field):
            after.pop(field, None)
    if leaves(_NODE_PORT) and _node_ports(before) == _node_ports(after):
        for port in after.get("ports", ()):
            port.pop("nodePort", None)


def _same(before: Object, after: Object, field: str) -> bool:
    return bool(before.get(field) == after.get(field))


def _node_ports(spec: Object) -> set[int]:
    return {port.get("nodePort", 0) for port in spec.get("ports", ())}
