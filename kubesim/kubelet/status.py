"""The status that a kubelet reports for a pod."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.fields.pod_state import condition
from kubesim.kubelet.container import Container, Role
from kubesim.store import Object

# Kept from what is there: set by the API server and by the scheduler.
_KEPT = ("qosClass",)
_OWN = frozenset({"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"})


def pod_phase(
    init_containers: Sequence[Container], containers: Sequence[Container], restart_policy: str, *, stopped: bool
) -> str:
    """Pending, Running, Succeeded or Failed (getPhase of kubelet_pods.go, v1.34).

    A `stopped` pod is being terminated, so nothing is started again whatever `restart_policy` says. What sidecars end
    with does not count.
    """
    first = [c for c in init_containers if c.role is Role.INIT]
    sidecars = [c for c in init_containers if c.role is Role.SIDECAR]
    if restart_policy == "Never" and any(c.exit_code for c in first):
        return "Failed"
    codes = [c.exit_code for c in containers]
    if all(code is not None for code in codes) and not any(c.is_running for c in sidecars):
        if stopped or restart_policy == "Never":
            return "Failed" if any(codes) else "Succeeded"
        if restart_policy == "OnFailure" and not any(codes):
            return "Succeeded"
    begun = any(c.run for c in containers)
    if not begun and not all(c.initialized for c in init_containers):
        return "Pending"
    return "Running" if all(c.is_running or c.has_run for c in containers) else "Pending"


def pod_status(
    pod: Object,
    containers: Sequence[Container],
    init_containers: Sequence[Container],
    *,
    phase: str,
    ip: str,
    ipv6: str,
    sandbox_up: bool,
    host_ip: str,
    start_time: str,
    now: str,
) -> Object:
    """The whole status.

    `ip` is the pod's address, also after its sandbox is down, and empty before there is one; `ipv6` the one beside it,
    if any; `now` is the timestamp of conditions that change.
    """
    generation = pod["metadata"].get("generation", 1)
    lasting = [*(c for c in init_containers if c.role is Role.SIDECAR), *containers]
    rows = [
        ("PodReadyToStartContainers", *_sandbox(up=sandbox_up, was_there=bool(ip))),
        ("Initialized", *_initialized(init_containers, containers, phase)),
        ("Ready", *_ready(pod, lasting, phase)),
        ("ContainersReady", *_readiness(lasting, phase)),
        ("PodScheduled", "True", "", ""),
    ]
    status: Object = {key: pod["status"][key] for key in _KEPT if key in pod.get("status", {})}
    status |= {
        "observedGeneration": generation,
        "phase": phase,
        "conditions": foreign_conditions(pod) + [_condition(pod, generation, now, *row) for row in rows],
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "startTime": start_time,
        "containerStatuses": sorted((c.status() for c in containers), key=lambda row: str(row["name"])),
    }
    if init_containers:
        status["initContainerStatuses"] = [c.status() for c in init_containers]
    if ip:
        status |= {"podIP": ip, "podIPs": [{"ip": address} for address in (ip, ipv6) if address]}
    return status


def _sandbox(*, up: bool, was_there: bool) -> tuple[str, str, str]:
    if up:
        return "True", "", ""
    return "False", "PodSandboxNotReady", "pod sandbox is not ready" if was_there else "no pod sandbox exists"


def _initialized(
    init_containers: Sequence[Container], containers: Sequence[Container], phase: str
) -> tuple[str, str, str]:
    unfinished = [c.name for c in init_containers if not c.initialized]
    if phase == "Succeeded":
        return "True", "PodCompleted", ""
    if unfinished and not any(c.run for c in containers):  # a sidecar that restarts later makes no pod uninitialized
        return "False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(unfinished)}]"
    return "True", "", ""


def foreign_conditions(pod: Object) -> list[Object]:
    """Conditions that somebody else than the kubelet wrote, such as those of readiness gates."""
    return [row for row in pod.get("status", {}).get("conditions") or [] if row["type"] not in _OWN]


def _ready(pod: Object, containers: Sequence[Container], phase: str) -> tuple[str, str, str]:
    """Containers and readiness gates; the words are those of kubelet's status/generate.go (v1.37)."""
    found = _readiness(containers, phase)
    if found[0] != "True":
        return found
    said = []
    for gate in pod["spec"].get("readinessGates") or ():
        row = condition(pod, gate["conditionType"])
        if row is None:
            said.append(f'corresponding condition of pod readiness gate "{gate["conditionType"]}" does not exist.')
        elif row["status"] != "True":
            said.append(
                f'the status of pod readiness gate "{gate["conditionType"]}" is not "True", but {row["status"]}'
            )
    return ("False", "ReadinessGatesNotReady", ", ".join(said)) if said else found


def _readiness(containers: Sequence[Container], phase: str) -> tuple[str, str, str]:
    if phase == "Failed":
        return "False", "PodFailed", ""
    if phase == "Succeeded":
        return "False", "PodCompleted", ""
    unready = [c.name for c in containers if not c.ready]
    if unready:
        return "False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    return "True", "", ""


def _condition(pod: Object, generation: int, now: str, type_: str, status: str, reason: str, message: str) -> Object:
    before = condition(pod, type_)
    changed = before["lastTransitionTime"] if before and before["status"] == status else now
    row = {
        "type": type_,
        "observedGeneration": generation,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": changed,
    }
    if reason:
        row["reason"] = reason
    if message:
        row["message"] = message
    return row
