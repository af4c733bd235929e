"""API versions that current API servers do not serve any more, and what took their place.

From https://kubernetes.io/docs/reference/using-api/deprecation-guide/ and the release notes of 1.16.
"""

from __future__ import annotations

from dataclasses import dataclass

_APPS = ("Deployment", "DaemonSet", "ReplicaSet", "StatefulSet")
_RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_SELECTOR = "spec.selector is needed there"
_INGRESS = "pathType is needed there, and a backend is service: {name, port: {number}}"
_PSP = "PodSecurityPolicy is gone; label the namespace with pod-security.kubernetes.io/enforce"
# (version, kinds, the version to write; empty: none, since when, what else changes)
_ROWS: tuple[tuple[str, tuple[str, ...], str, str, str], ...] = (
    ("extensions/v1beta1", _APPS, "apps/v1", "1.16", _SELECTOR),
    ("apps/v1beta1", _APPS, "apps/v1", "1.16", _SELECTOR),
    ("apps/v1beta2", _APPS, "apps/v1", "1.16", _SELECTOR),
    ("extensions/v1beta1", ("NetworkPolicy",), "networking.k8s.io/v1", "1.16", ""),
    ("extensions/v1beta1", ("PodSecurityPolicy",), "", "1.16", _PSP),
    ("extensions/v1beta1", ("Ingress",), "networking.k8s.io/v1", "1.22", _INGRESS),
    ("networking.k8s.io/v1beta1", ("Ingress",), "networking.k8s.io/v1", "1.22", _INGRESS),
    ("networking.k8s.io/v1beta1", ("IngressClass",), "networking.k8s.io/v1", "1.22", ""),
    ("batch/v1beta1", ("CronJob",), "batch/v1", "1.25", ""),
    ("batch/v2alpha1", ("CronJob",), "batch/v1", "1.21", ""),
    ("policy/v1beta1", ("PodDisruptionBudget",), "policy/v1", "1.25", "an empty selector selects all pods there"),
    ("policy/v1beta1", ("PodSecurityPolicy",), "", "1.25", _PSP),
    ("autoscaling/v2beta1", ("HorizontalPodAutoscaler",), "autoscaling/v2", "1.25", "metrics have a target there"),
    ("autoscaling/v2beta2", ("HorizontalPodAutoscaler",), "autoscaling/v2", "1.26", ""),
    ("rbac.authorization.k8s.io/v1alpha1", _RBAC, "rbac.authorization.k8s.io/v1", "1.22", ""),
    ("rbac.authorization.k8s.io/v1beta1", _RBAC, "rbac.authorization.k8s.io/v1", "1.22", ""),
    (
        "apiextensions.k8s.io/v1beta1",
        ("CustomResourceDefinition",),
        "apiextensions.k8s.io/v1",
        "1.22",
        "each version has a schema there",
    ),
    ("apiregistration.k8s.io/v1beta1", ("APIService",), "apiregistration.k8s.io/v1", "1.22", ""),
    (
        "admissionregistration.k8s.io/v1beta1",
        _WEBHOOKS,
        "admissionregistration.k8s.io/v1",
        "1.22",
        "sideEffects and admissionReviewVersions are needed there",
    ),
    ("storage.k8s.io/v1beta1", ("StorageClass", "CSIDriver", "CSINode"), "storage.k8s.io/v1", "1.22", ""),
    ("storage.k8s.io/v1beta1", ("CSIStorageCapacity",), "storage.k8s.io/v1", "1.27", ""),
    ("scheduling.k8s.io/v1beta1", ("PriorityClass",), "scheduling.k8s.io/v1", "1.22", ""),
    ("coordination.k8s.io/v1beta1", ("Lease",), "coordination.k8s.io/v1", "1.22", ""),
    ("discovery.k8s.io/v1beta1", ("EndpointSlice",), "discovery.k8s.io/v1", "1.25", ""),
    ("node.k8s.io/v1beta1", ("RuntimeClass",), "node.k8s.io/v1", "1.25", ""),
)
_HOMES = {
    **dict.fromkeys((*_APPS, "ControllerRevision"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
    **dict.fromkeys(
        ("ConfigMap", "Endpoints", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Secret"), "v1"
    ),
    **dict.fromkeys(("Service", "ServiceAccount", "ResourceQuota", "LimitRange"), "v1"),
    **dict.fromkeys(_RBAC, "rbac.authorization.k8s.io/v1"),
    **dict.fromkeys(("NetworkPolicy", "Ingress", "IngressClass"), "networking.k8s.io/v1"),
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}
_GROUPS = frozenset({"", "apps", "extensions", "batch", "policy", "autoscaling"})
_HPA_OLD = "autoscaling/v1"


@dataclass(frozen=True, slots=True)
class Unserved:
    """A version that no current API server has.

    Attributes:
        instead: the one to write; empty where the kind is gone.
        since: the Kubernetes version that removed it; empty where it never was one.
        besides: what else changes.
    """

    instead: str
    since: str
    besides: str


_REMOVED = {
    (version, kind): Unserved(instead, since, besides)
    for version, kinds, instead, since, besides in _ROWS
    for kind in kinds
}


def unserved(version: str, kind: str) -> Unserved | None:
    """Why an API server answers that there is no such kind in that version; None where it may well have it."""
    found = _REMOVED.get((version, kind))
    if found is not None or kind not in _HOMES:
        return found
    group = version.rpartition("/")[0]
    builtin = group in _GROUPS or group.endswith(".k8s.io")
    wrong = builtin and version not in (_HOMES[kind], _HPA_OLD if kind == "HorizontalPodAutoscaler" else "")
    newer = group == _HOMES[kind].rpartition("/")[0] and "alpha" in version
    return Unserved(_HOMES[kind], "", "") if wrong and not newer else None
