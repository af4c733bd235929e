"""Pods (pkg/registry/core/pod, pkg/apis/core). They go in two steps: see `kubesim.api.deletion`."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import pod_defaults, pod_spec
from kubesim.fields.causes import Cause
from kubesim.fields.pod_state import TERMINAL, phase
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.kinds.pod.row import cells
from kubesim.kinds.pod.update import changed
from kubesim.objects import Object

_SELECTABLE = ("metadata.name", "metadata.namespace", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
               "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP",
               "status.nominatedNodeName")  # fmt: skip


def _validate(obj: Object) -> Iterator[Cause]:
    yield from pod_spec.spec(obj["spec"], "spec")


def _initial_status(obj: Object) -> Object:
    return {"phase": "Pending", "qosClass": pod_defaults.quality_of_service(obj["spec"])}


def _counted(obj: Object) -> Object:
    # A binding does not count.
    return {key: value for key, value in obj.get("spec", {}).items() if key != "nodeName"}


def _grace_s(pod: Object, asked_s: int | None) -> int:
    """None for a pod that does not run; else what was asked for, or what its spec says, but never less than nothing."""
    if not pod["spec"].get("nodeName") or phase(pod) in TERMINAL:
        return 0
    grace_s: int = asked_s if asked_s is not None else pod["spec"].get("terminationGracePeriodSeconds", 0)
    return 1 if grace_s < 0 else grace_s


def _usage(obj: Object) -> dict[str, str]:
    if phase(obj) in TERMINAL:
        return {}
    return {"pods": "1", **pod_defaults.compute_usage(pod_defaults.pod_resources(obj["spec"]))}


KIND = Kind(
    resource=Resource(
        "", "v1", "pods", "Pod", True, ("po",), ("status", "attach", "eviction", "exec", "log"), ("all",)
    ),
    has_spec=True,
    defaults=pod_defaults.pod,
    validate=_validate,
    validate_update=changed,
    initial_status=_initial_status,
    generation=_counted,
    returned_when_gone=True,
    grace_s=_grace_s,
    selectable=_SELECTABLE,
    usage=_usage,
    table=Table.of("Name,Ready,Status,Restarts,Age,IP+,Node+,Nominated Node+,Readiness Gates+", cells),
)
