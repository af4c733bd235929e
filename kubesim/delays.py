"""The delays of the simulated controllers, scheduler and kubelets, each with its source.

"lab" stands for one afternoon's watches on a real two-node Kubernetes 1.34.4 with two noisy cores: the time between two
commits as a watch saw them, over some forty pods; the ranges span what was seen, without the outliers.
"""

from __future__ import annotations

from kubesim.model import Delay

CONTROLLER_DELAYS: tuple[Delay, ...] = (
    Delay("statefulset_sync", 0.003, 0.009, "lab: pod gone to pod created 6-11 ms, facts.md 1: 7 ms"),
    Delay("replicaset_sync", 0.003, 0.010, "lab: pod terminating to replacement created 5-17 ms"),
    Delay("deployment_sync", 0.003, 0.010, "lab: ReplicaSet changed to ReplicaSet scaled 4-12 ms"),
    Delay("endpointslice_sync", 0.005, 0.012, "lab: pod changed to slice changed 5-13 ms, facts.md 1: 9 ms"),
    Delay("disruption_sync", 0.0025, 0.008, "measured on realk8s: a budget's spec changed to its status 2.6-9.8 ms"),
    Delay("job_sync", 0.003, 0.010, "assumed: as the other controllers, after the Kubernetes default of 1 s for pods"),
    Delay("volumes_bind", 0.010, 0.020, "lab: claim created to bound 12-20 ms (StorageClass standard, Immediate)"),
    Delay("garbage_collect", 0.010, 0.025, "lab: owner gone to dependents deleted 10-20 ms"),
    Delay("namespace_sync", 0.004, 0.020, "lab: namespace created to kube-root-ca.crt 4-20 ms"),
    Delay("scheduler_bind", 0.003, 0.008, "lab: pod created to bound 3-7 ms"),
    Delay("kubelet_notice", 0.007, 0.014, "lab: bound to ContainerCreating 8-13 ms, deletion to SIGTERM 9-13 ms"),
    Delay("kubelet_sandbox", 0.370, 0.420, "lab: ContainerCreating to image found 370-410 ms (volume wait of 300 ms)"),
    Delay("kubelet_create", 0.008, 0.028, "lab: image found to container created 8-28 ms"),
    Delay("kubelet_start", 0.040, 0.085, "lab: container created to started 38-85 ms"),
    Delay("kubelet_relist", 1.003, 1.003, "lab: the kubelet looks at containers every 1 s (PLEG), plus its own work"),
    Delay("kubelet_status", 0.003, 0.010, "lab: container state known to status committed 4-10 ms"),
    Delay("kubelet_probe", 0.002, 0.006, "lab: Running to Ready 8 ms where a readiness probe succeeds at once"),
    Delay(
        "kubelet_sync_retry",
        10.0,
        15.0,
        "Kubernetes source: a pod that failed to sync is tried again after 10 s (backOffPeriod) and up to half as much",
    ),
    Delay(
        "kubelet_network_down", 0.070, 0.095, "lab: last container's exit (refused) to its address unreachable 76-91 ms"
    ),
    Delay(
        "kubelet_exit_status",
        0.025,
        0.060,
        "lab: address unreachable to phase Failed 29-37 ms; facts.md 1: 160 ms in all",
    ),
    Delay("kubelet_cleanup", 0.260, 0.900, "lab: phase Failed to pod object gone 260-880 ms; facts.md 1: 900 ms"),
    Delay("endpoints_sync", 0.005, 0.012, "assumed: as endpointslice_sync"),
    Delay("quota_sync", 0.003, 0.010, "assumed: as the other controllers"),
    Delay(
        "kubelet_rejoin",
        0.5,
        41.0,
        "realk8s: node joined to its pods ended 1.9 and 40.6 s, to its Ready 11.5 s: TCP sends again late",
    ),
    Delay("node_monitor_grace", 50.0, 50.0, "Kubernetes 1.37 default (--node-monitor-grace-period)"),
    Delay("node_monitor_period", 5.0, 5.0, "Kubernetes default (--node-monitor-period)"),
    Delay("node_lease_age", 0.0, 10.0, "Kubernetes default: a kubelet renews its lease every 10 s"),
    Delay("node_taint", 0.0, 0.1, "Kubernetes default (nodeEvictionPeriod): NoExecute taints are set every 100 ms"),
    Delay("node_lifecycle_sync", 0.008, 0.050, "realk8s: node silent to its NoSchedule taint 10-50 ms"),
    Delay("taint_eviction_sync", 0.003, 0.010, "assumed: as the other controllers"),
    Delay("kubelet_image_pull", 0.500, 2.000, "assumed: nothing could be pulled in the lab"),
)
