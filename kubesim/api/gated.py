"""Fields that a server drops without a word, since their feature gates are closed by default."""

from __future__ import annotations

from typing import Final

_CORE, _BATCH, _LEASE = "io.k8s.api.core.v1.", "io.k8s.api.batch.v1.", "io.k8s.api.coordination.v1."
# pkg/features/kube_features.go of 1.37 names the gates, dropDisabledFields in each kind's strategy the fields.
CLOSED: Final = {
    f"{_BATCH}JobSpec": ("scheduling",),  # WorkloadWithJob
    f"{_LEASE}LeaseSpec": ("preferredHolder", "strategy"),  # CoordinatedLeaderElection
    f"{_CORE}ConfigMapVolumeSource": ("defaultUser",),  # AtomicWriteVolumeUserFields, likewise the next seven
    f"{_CORE}DownwardAPIVolumeSource": ("defaultUser",),
    f"{_CORE}ProjectedVolumeSource": ("defaultUser",),
    f"{_CORE}SecretVolumeSource": ("defaultUser",),
    f"{_CORE}ClusterTrustBundleProjection": ("user",),
    f"{_CORE}DownwardAPIVolumeFile": ("user",),
    f"{_CORE}KeyToPath": ("user",),
    f"{_CORE}ServiceAccountTokenProjection": ("user",),
    f"{_CORE}EmptyDirVolumeSource": ("mode",),  # EmptyDirVolumeMode
    f"{_CORE}GRPCAction": ("mode",),  # GRPCContainerProbeTLS
    f"{_CORE}HTTPGetAction": ("protocol",),  # H2CContainerProbe
    f"{_CORE}Lifecycle": ("stopSignal",),  # ContainerStopSignals
    f"{_CORE}NodeSpec": ("podPreemptionPolicy",),  # InPlacePodVerticalScalingSchedulerPreemption
    f"{_CORE}PodSpec": ("evictionResponders", "schedulingGroup"),  # EvictionRequestAPI, GenericWorkload
    f"{_CORE}TypedObjectReference": ("namespace",),  # CrossNamespaceVolumeDataSource
    f"{_CORE}VolumeMount": ("bindMountOptions",),  # VolumeBindMountOptions
}


def is_closed(definition: str, field: str) -> bool:
    """Whether a type's field is dropped."""
    return field in CLOSED.get(definition, ())
