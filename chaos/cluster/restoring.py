"""Which changes of fields may be taken back where nothing but a file says that they were made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# A patch of this tool is a few levels deep.
_DEPTH = 20
# Beside these stand who an object is and who owns it: what puts those back could have the object collected.
_RESTORABLE: dict[str, frozenset[str] | None] = {
    "spec": None,
    "data": None,
    "metadata": frozenset({"labels", "annotations"}),
}
# What runs: code that stands in a file is put back by people.
_PROGRAMS = frozenset({"template", "containers", "initContainers", "ephemeralContainers", "volumeClaimTemplates"})
# What would end pods, or have volumes removed, without a word about either.
_FATAL = frozenset(
    {
        "activeDeadlineSeconds",
        "claimRef",
        "finalizers",
        "persistentVolumeClaimRetentionPolicy",
        "persistentVolumeReclaimPolicy",
        "taints",
        "ttlSecondsAfterFinished",
    }
)
# What would lead traffic to where nothing of the cluster is.
_LEADING = frozenset({"externalIPs", "externalName", "loadBalancerIP", "loadBalancerSourceRanges"})
# They limit what others may do, and who works in a namespace need not be one who may change them.
_LIMITS = frozenset({"LimitRange", "Namespace", "NetworkPolicy", "PersistentVolume", "ResourceQuota"})
# Of kube-system runs change its DNS alone (`chaos.engine.dns_control`): other maps there say who may do what.
DNS_NAMESPACE = "kube-system"
_DNS = {"Deployment": {"spec": {"replicas"}}, "ConfigMap": {"data": {"Corefile"}}}
_DNS_CONFIG, _DNS_LABEL = "coredns", ("k8s-app", "kube-dns")
# The patch itself is level 0, what is in `spec` 1.
_FIELD_LEVEL = 1
# By labels and annotations of our own an undo knows what a run made: a file must not put them on anything.
_OWN_PREFIX = "chaos-identity.io/"


def why_not_this(kind: str, namespace: str, restore: dict[str, Any]) -> str:
    """Why an object must not be changed so on the word of a file; empty where it may."""
    if kind in _LIMITS:
        return f"a {kind} limits what others may do"
    named = {key: set(value) if isinstance(value, dict) else set() for key, value in restore.items()}
    if namespace == DNS_NAMESPACE and named != _DNS.get(kind):
        return f"of {DNS_NAMESPACE} a run changes DNS alone"
    return ""


def is_cluster_dns(found: dict[str, Any]) -> bool:
    """Whether a live object of kube-system is DNS, as runs find it: what makes the servers, or their Corefile."""
    if found["kind"] == "ConfigMap":
        return bool(found["metadata"]["name"] == _DNS_CONFIG)
    pods = ((found.get("spec") or {}).get("template") or {}).get("metadata") or {}
    name, value = _DNS_LABEL
    return bool((pods.get("labels") or {}).get(name) == value)


def why_not_put_back(applied: dict[str, Any], restore: dict[str, Any]) -> str:
    """Why a merge patch must not be sent on the word of a file that says that another one was; empty where it may.

    Args:
        applied: what the run is said to have sent.
        restore: what would put the old values back.
    """
    if _is_deep(applied, _DEPTH) or _is_deep(restore, _DEPTH):
        return "its patch is deeper than any"
    if not restore or all(value is None for value in _leaves(applied)):  # that a field is absent proves nothing
        return "it does not say which values the run had set, or found"
    return _why_not_these_fields(applied, restore)


def _why_not_these_fields(applied: dict[str, Any], restore: dict[str, Any]) -> str:
    for key, value in (*applied.items(), *restore.items()):
        inside = _RESTORABLE.get(key, frozenset())
        if not isinstance(value, dict) or (inside is not None and not value.keys() <= inside):
            return "it would change what an object is, or whose"
    fields = restore.get("spec", {}).keys()
    named = [name for part in (applied, restore) for name in _names(part.get("metadata", {}))]
    for wrong, why in (
        (bool(fields & _PROGRAMS), "it would change what runs"),
        (bool(fields & _FATAL), "it could end pods or remove volumes"),
        (bool(fields & _LEADING), "it would lead traffic elsewhere"),
        (any(n.startswith(_OWN_PREFIX) for n in named), "it would change whose this tool takes an object for"),
        (not _is_within(restore, applied), "it would change more than the run had, or set what it had only removed"),
    ):
        if wrong:
            return why
    return ""


def _names(metadata: dict[str, Any]) -> Iterator[str]:
    """Of labels and annotations."""
    for named in metadata.values():
        yield from named if isinstance(named, dict) else ()


def _leaves(patch: dict[str, Any]) -> Iterator[Any]:
    for value in patch.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield value


def _is_deep(patch: dict[str, Any], left: int) -> bool:
    return left == 0 or any(isinstance(value, dict) and _is_deep(value, left - 1) for value in patch.values())


def _is_within(restore: dict[str, Any], applied: dict[str, Any], level: int = 0) -> bool:
    """Whether a merge patch touches no field but those that another one had set.

    What that one had removed is set again only within a field of which it had set another part (a key of a selector):
    that a field is absent now does not show who removed it.
    """
    proven = level > _FIELD_LEVEL and any(value is not None for value in applied.values())
    for key, value in restore.items():
        if key not in applied or (applied[key] is None and value is not None and not proven):
            return False
        inside = isinstance(value, dict) and isinstance(applied[key], dict)
        if isinstance(applied[key], dict) and not (inside and _is_within(value, applied[key], level + 1)):
            return False
    return True
