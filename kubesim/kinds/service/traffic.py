"""What a Service must not say about families, outside addresses, policies and balancers (pkg/apis/core/validation)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported
from kubesim.objects import Object

_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_POLICIES = ("Cluster", "Local")
_OUTSIDE = ("NodePort", "LoadBalancer")
_DAY_S = 86400


def affinity(spec: Object) -> Iterator[Cause]:
    """How long a client stays with its pod."""
    if spec["sessionAffinity"] == "ClientIP":
        timeout_s = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 0 < timeout_s <= _DAY_S:
            at = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            yield invalid_value(at, timeout_s, f"must be greater than 0 and less than {_DAY_S}")


def families(spec: Object) -> Iterator[Cause]:
    """Families and addresses must agree; the cluster has IPv4 only."""
    for i, family in enumerate(spec.get("ipFamilies", ())):
        if family not in _FAMILIES:
            yield not_supported(f"spec.ipFamilies[{i}]", family, _FAMILIES)
        elif family != "IPv4" and not spec.get("clusterIPs"):
            yield invalid_value(f"spec.ipFamilies[{i}]", family, "not configured on this cluster")
    policy = spec.get("ipFamilyPolicy", "SingleStack")
    if policy not in _FAMILY_POLICIES:
        yield not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)
    elif policy == "RequireDualStack":
        text = "this cluster is not configured for dual-stack services"
        yield invalid_value("spec.ipFamilyPolicy", policy, text)
    addresses = spec.get("clusterIPs", [])
    if spec.get("clusterIP") and addresses and addresses[0] != spec["clusterIP"]:
        yield invalid_value("spec.clusterIPs", addresses, "first value must match `clusterIP`")
    address = spec.get("clusterIP") or next(iter(addresses), "")
    if ":" in address and not names.ip_address(address):
        yield invalid_value("spec.clusterIPs[0]", [address], "IPv6 is not configured on this cluster")
    elif address not in ("", "None") and spec.get("ipFamilies", [])[:1] == ["IPv6"]:
        text = "expected an IPv6 value as indicated by `ipFamilies[0]`"
        yield invalid_value("spec.clusterIPs[0]", address, text)


def outside(spec: Object) -> Iterator[Cause]:
    """External addresses, traffic policies, and what only a load balancer has."""
    for i, address in enumerate(spec.get("externalIPs", ())):
        complaints = names.ip_address(address)
        yield from (invalid_value(f"spec.externalIPs[{i}]", address, text) for text in complaints)
        if not complaints and ipaddress.ip_address(address).is_loopback:
            text = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
            yield invalid_value(f"spec.externalIPs[{i}]", address, text)
    if spec.get("internalTrafficPolicy", "Cluster") not in _POLICIES:
        yield not_supported("spec.internalTrafficPolicy", spec["internalTrafficPolicy"], _POLICIES)
    yield from _external_policy(spec)
    balanced = spec["type"] == "LoadBalancer"
    ranges = spec.get("loadBalancerSourceRanges", ())
    at = "spec.LoadBalancerSourceRanges"  # the real server's spelling
    if ranges and not balanced:
        yield forbidden_field(at, "may only be used when `type` is 'LoadBalancer'")
    for i, given in enumerate(ranges if balanced else ()):
        yield from (invalid_value(f"{at}[{i}]", given, text) for text in names.cidr(given.strip()))
    if "loadBalancerClass" in spec and not balanced:
        yield forbidden_field("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'")
    elif "loadBalancerClass" in spec:
        given = spec["loadBalancerClass"]
        yield from (invalid_value("spec.loadBalancerClass", given, text) for text in names.qualified_name(given))


def _external_policy(spec: Object) -> Iterator[Cause]:
    policy = spec.get("externalTrafficPolicy", "")
    reachable = spec["type"] in _OUTSIDE or (spec["type"] == "ClusterIP" and spec.get("externalIPs"))
    if policy and not reachable:
        yield invalid_value("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")
    elif policy and policy not in _POLICIES:
        yield not_supported("spec.externalTrafficPolicy", policy, _POLICIES)
    port = spec.get("healthCheckNodePort", 0)
    if port and not (spec["type"] == "LoadBalancer" and policy == "Local"):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid_value("spec.healthCheckNodePort", port, text)
