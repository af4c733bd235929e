"""The valid objects that are mutated, of the kinds that `experiments/manifests` and the experiments themselves use."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

NAMESPACE = "{ns}"  # replaced by whoever asks
_LABELS = {"app": "x"}
_CONTAINER: Object = {
    "name": "c",
    "image": "busybox:1.35",
    "command": ["sleep", "3600"],
    "ports": [{"containerPort": 80, "name": "web"}],
    "env": [{"name": "A", "value": "b"}],
    "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    "resources": {"requests": {"cpu": "10m"}, "limits": {"memory": "64Mi"}},
}
_POD_SPEC: Object = {
    "containers": [_CONTAINER],
    "volumes": [{"name": "scratch", "emptyDir": {}}],
    "nodeSelector": {"none": "such"},  # it is never scheduled
    "terminationGracePeriodSeconds": 1,
}
_TEMPLATE: Object = {"metadata": {"labels": _LABELS}, "spec": _POD_SPEC}
_CLAIM_SPEC: Object = {
    "accessModes": ["ReadWriteOnce"],
    "storageClassName": "none",  # it is never bound
    "resources": {"requests": {"storage": "1Gi"}},
}

# Kind: (API group and version, plural, manifest without name and namespace).
KINDS: dict[str, tuple[str, str, Object]] = {
    "StatefulSet": (
        "apps/v1",
        "statefulsets",
        {
            "spec": {
                "serviceName": "web",
                "replicas": 0,
                "selector": {"matchLabels": _LABELS},
                "template": _TEMPLATE,
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": _CLAIM_SPEC}],
            }
        },
    ),
    "Deployment": (
        "apps/v1",
        "deployments",
        {"spec": {"replicas": 0, "selector": {"matchLabels": _LABELS}, "template": _TEMPLATE}},
    ),
    "Service": ("v1", "services", {"spec": {"selector": _LABELS, "ports": [{"port": 80, "name": "web"}]}}),
    "Pod": ("v1", "pods", {"spec": _POD_SPEC}),
    "PersistentVolumeClaim": ("v1", "persistentvolumeclaims", {"spec": _CLAIM_SPEC}),
    "ConfigMap": ("v1", "configmaps", {"data": {"a": "b"}}),
    "Namespace": ("v1", "namespaces", {}),
    "PodDisruptionBudget": (
        "policy/v1",
        "poddisruptionbudgets",
        {"spec": {"minAvailable": 1, "selector": {"matchLabels": _LABELS}}},
    ),
    "NetworkPolicy": (
        "networking.k8s.io/v1",
        "networkpolicies",
        {
            "spec": {
                "podSelector": {"matchLabels": _LABELS},
                "policyTypes": ["Ingress"],
                "ingress": [
                    {
                        "from": [{"podSelector": {"matchLabels": {"role": "client"}}}],
                        "ports": [{"protocol": "TCP", "port": 80}],
                    }
                ],
            }
        },
    ),
    "Job": (
        "batch/v1",
        "jobs",
        {
            "spec": {
                "suspend": True,  # it makes no pods
                "backoffLimit": 1,
                "template": {"metadata": {"labels": _LABELS}, "spec": {**_POD_SPEC, "restartPolicy": "Never"}},
            }
        },
    ),
    "ResourceQuota": ("v1", "resourcequotas", {"spec": {"hard": {"pods": "100", "requests.cpu": "100"}}}),
    "LimitRange": (
        "v1",
        "limitranges",
        {"spec": {"limits": [{"type": "Container", "default": {"cpu": "500m"}, "max": {"cpu": "1"}}]}},
    ),
}
# Made beforehand, to be updated and deleted. A quota or a limit range would change what happens to all others.
MADE = tuple(kind for kind in KINDS if kind not in ("Namespace", "ResourceQuota", "LimitRange"))


def collection(kind: str) -> str:
    """The URL's path of a kind's objects in the namespace."""
    version, plural, _ = KINDS[kind]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/{plural}" if kind == "Namespace" else f"{root}/namespaces/{NAMESPACE}/{plural}"


def manifest(kind: str, name: str) -> Object:
    """A valid object; parts of it are shared, so it must not be changed in place."""
    version, _, body = KINDS[kind]
    place = {} if kind == "Namespace" else {"namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place}, **body}
