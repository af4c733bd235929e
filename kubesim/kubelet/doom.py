"""Why a container is stopped and started anew while its pod goes on, in the words of kuberuntime_manager.go (v1.34)."""

from __future__ import annotations

from kubesim.kubelet.container import Container, Doom, Role
from kubesim.kubelet.local_pod import LocalPod
from kubesim.kubelet.prober import Kind
from kubesim.store import Object


def of_probe(pod: LocalPod, container: Container, kind: Kind) -> Doom:
    """Its liveness or startup probe has failed."""
    restarts = container.role is Role.SIDECAR or pod.restart_policy != "Never"
    grace_s = _grace_s(pod, container.spec[kind.field])
    return Doom(_told(container, f"failed {kind.value.lower()} probe", restarts=restarts), grace_s, restarts)


def of_image(pod: LocalPod, container: Container) -> Doom:
    """Its pod names another image now; it is restarted whatever the policy says."""
    return Doom(_told(container, "definition changed", restarts=True), _grace_s(pod, {}), restarts=True)


def _told(container: Container, what: str, *, restarts: bool) -> str:
    if container.role is Role.SIDECAR:
        return f"Init container {container.name} {what}"
    return f"Container {container.name} {what}{', will be restarted' if restarts else ''}"


def _grace_s(pod: LocalPod, probe: Object) -> float:
    """The probe's own, or the pod's."""
    own = probe.get("terminationGracePeriodSeconds")
    return float(pod.object["spec"].get("terminationGracePeriodSeconds") or 0 if own is None else own)
