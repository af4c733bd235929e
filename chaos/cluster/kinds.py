"""The kinds of objects that this tool knows."""

from __future__ import annotations

# apiVersion of each kind that this tool uses; asking discovery for a kind alone would scan every group.
API_VERSIONS = {
    "ConfigMap": "v1",
    "ControllerRevision": "apps/v1",
    "Deployment": "apps/v1",
    "Endpoints": "v1",
    "Event": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Lease": "coordination.k8s.io/v1",
    "LimitRange": "v1",
    "Job": "batch/v1",
    "Namespace": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Node": "v1",
    "PersistentVolume": "v1",
    "PersistentVolumeClaim": "v1",
    "Pod": "v1",
    "PodDisruptionBudget": "policy/v1",
    "ReplicaSet": "apps/v1",
    "ResourceQuota": "v1",
    "SelfSubjectAccessReview": "authorization.k8s.io/v1",
    "Service": "v1",
    "StatefulSet": "apps/v1",
}
# Only looked for, since somebody may have put them into a run's namespace; nothing of this tool names them otherwise.
OF_OTHERS = {"CronJob": "batch/v1", "DaemonSet": "apps/v1", "Ingress": "networking.k8s.io/v1"}
# Of all kinds that are read.
READ_VERSIONS = API_VERSIONS | OF_OTHERS
CLUSTER_WIDE = frozenset({"Namespace", "Node", "PersistentVolume"})
# Kinds that a run never creates: they may carry its label all the same, since the cluster copies it from their owners.
NEVER_MADE = frozenset({"EndpointSlice", "Endpoints", "Event", "Node", "SelfSubjectAccessReview"})
# Discovered only when they are needed, to save requests at the start: that is before any fault, or in a clean-up, so
# that no discovery delays a measurement.
LATER = frozenset(
    {
        "ControllerRevision",
        "Endpoints",
        "Event",
        "Job",
        "LimitRange",
        "NetworkPolicy",
        "PersistentVolume",
        "PodDisruptionBudget",
        "ResourceQuota",
        "SelfSubjectAccessReview",
    }
)
