"""A small object of each kind that has generic behaviour, and what the server makes of it."""

from __future__ import annotations

from typing import Any, NamedTuple

POD = {"containers": [{"name": "c", "image": "busybox:1.35"}], "restartPolicy": "Never"}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
USER = {"kind": "User", "name": "ann"}
BACKEND = {"backend": {"service": {"name": "web", "port": {"number": 80}}}}


class Sample(NamedTuple):
    """A small object, what it must have when it is made, and its cells but the last one that is an age."""

    kind: str
    body: dict[str, Any]
    filled: dict[str, Any]
    cells: list[Any]


SAMPLES = (
    Sample("ServiceAccount", {"secrets": [{"name": "s", "kind": "x"}]}, {"secrets": [{"name": "s"}]}, ["one", "0s"]),
    Sample(
        "Role",
        {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
        {},
        ["one", "2026-01-01T00:00:00Z"],
    ),
    Sample(
        "ClusterRole",
        {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}]},
        {},
        ["one", "2026-01-01T00:00:00Z"],
    ),
    Sample(
        "RoleBinding",
        {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "ServiceAccount", "name": "a"}, USER]},
        {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}},
        ["one", "Role/r", "0s", "ann", "", "/a"],
    ),
    Sample(
        "ClusterRoleBinding",
        {"roleRef": ROLE, "subjects": [{"kind": "Group", "name": "g"}]},
        {"subjects": [{"kind": "Group", "name": "g", "apiGroup": "rbac.authorization.k8s.io"}]},
        ["one", "ClusterRole/view", "0s", "", "g", ""],
    ),
    Sample(
        "StorageClass",
        {"provisioner": "example.com/disk"},
        {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
        ["one", "example.com/disk", "Delete", "Immediate", False, "0s"],
    ),
    Sample(
        "PriorityClass",
        {"value": 7},
        {"preemptionPolicy": "PreemptLowerPriority"},
        ["one", 7, False, "0s", "PreemptLowerPriority"],
    ),
    Sample(
        "CronJob",
        {"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": {"spec": POD}}}}},
        {"status": {}},
        ["one", "*/5 * * * *", "<none>", "False", 0, "<none>", "0s", "c", "busybox:1.35", "<none>"],
    ),
    Sample(
        "HorizontalPodAutoscaler",
        {"spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}},
        {"status": {"desiredReplicas": 0, "currentMetrics": None}},
        ["one", "Deployment/d", "cpu: <unknown>/80%", "1", 3, 0, "0s"],
    ),
    Sample(
        "Ingress",
        {"spec": {"rules": [{"host": "a.b", "http": {"paths": [{**BACKEND, "path": "/", "pathType": "Prefix"}]}}]}},
        {"status": {"loadBalancer": {}}},
        ["one", "<none>", "a.b", "", "80", "0s"],
    ),
)  # fmt: skip
