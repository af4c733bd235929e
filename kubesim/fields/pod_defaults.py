"""What the API server fills in where a pod's spec is silent (pkg/apis/core/v1/defaults.go and admission)."""

from __future__ import annotations

from typing import Any

from kubesim.fields.quantity import add, value
from kubesim.objects import Object

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_EVICTING_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATION_S = 300  # the DefaultTolerationSeconds admission plugin
_FILE_MODE = 0o644
_SOURCES_WITH_MODE = ("secret", "configMap", "downwardAPI", "projected")


def template(spec: Object) -> None:
    """Defaults of a pod template's spec, in place."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("securityContext", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in containers(spec):
        _container(container, host_network=spec.get("hostNetwork", False))
    for volume in spec.get("volumes", ()):
        _volume(volume)


def pod(obj: Object) -> None:
    """Defaults of a new pod, in place: those of a template, and what admission adds."""
    spec = obj["spec"]
    template(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    tolerations = spec.setdefault("tolerations", [])
    for taint in _EVICTING_TAINTS:
        if not any(t.get("key") in (taint, None) and t.get("effect") in ("NoExecute", None) for t in tolerations):
            toleration = {"key": taint, "operator": "Exists", "effect": "NoExecute"}
            tolerations.append({**toleration, "tolerationSeconds": _TOLERATION_S})
    for container in containers(spec):
        resources = container["resources"]
        if resources.get("limits"):
            resources["requests"] = {**resources["limits"], **resources.get("requests", {})}


def service_account(spec: Object) -> None:
    """The account of a new pod, in place. Its token volume is left out: nothing in the simulated cluster reads one."""
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])


def quality_of_service(spec: Object) -> str:
    """``Guaranteed``, ``Burstable`` or ``BestEffort`` (pkg/apis/core/v1/helper/qos)."""
    listed = [c.get("resources", {}) for c in containers(spec)]
    asked = [(r.get("requests", {}).get(n), r.get("limits", {}).get(n)) for r in listed for n in ("cpu", "memory")]
    if not any(request or limit for request, limit in asked):
        return "BestEffort"
    equal = all(request and limit and value(request) == value(limit) for request, limit in asked)
    return "Guaranteed" if equal else "Burstable"


def containers(spec: Object) -> list[Object]:
    """All containers of a pod's spec, init containers first."""
    return [*spec.get("initContainers", ()), *spec.get("containers", ())]


def pod_resources(spec: Object) -> Object:
    """What a whole pod requests and is limited to: the sum of its containers, or its largest init container."""
    total: Object = {"requests": {}, "limits": {}}
    for kind, sums in total.items():
        for container in spec.get("containers", ()):
            for name, amount in container.get("resources", {}).get(kind, {}).items():
                sums[name] = add(sums.get(name, "0"), amount)
        for container in spec.get("initContainers", ()):
            for name, amount in container.get("resources", {}).get(kind, {}).items():
                if value(amount) > value(sums.get(name, "0")):
                    sums[name] = amount
    return total


def _image_pull_policy(image: str) -> str:
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return "IfNotPresent" if "@" in image or tag not in ("", "latest") else "Always"


def _container(container: Object, *, host_network: bool) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _image_pull_policy(container.get("image", "")))
    container.setdefault("resources", {})
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if host_network:
            port.setdefault("hostPort", port.get("containerPort"))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            for field, number in _PROBE.items():
                container[probe].setdefault(field, number)
            _handler(container[probe])
    for handler in container.get("lifecycle", {}).values():
        if isinstance(handler, dict):
            _handler(handler)
    for variable in container.get("env", ()):
        source = variable.get("valueFrom", {})
        _field_reference(source)
        if "fileKeyRef" in source:
            source["fileKeyRef"].setdefault("optional", False)


def _handler(handler: Object) -> None:
    if "httpGet" in handler:
        handler["httpGet"].setdefault("path", "/")
        handler["httpGet"].setdefault("scheme", "HTTP")
    if "grpc" in handler:
        handler["grpc"].setdefault("service", "")


def _field_reference(source: Object) -> None:
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")


def _volume(volume: Object) -> None:
    sources = [key for key in volume if key != "name"]
    if not sources:
        volume["emptyDir"] = {}
    for key in _SOURCES_WITH_MODE:
        if key in volume:
            volume[key].setdefault("defaultMode", _FILE_MODE)
    if "image" in volume:
        volume["image"].setdefault("pullPolicy", _image_pull_policy(volume["image"].get("reference", "")))
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    downward: list[Any] = list(volume.get("downwardAPI", {}).get("items", ()))
    for source in volume.get("projected", {}).get("sources", ()):
        downward += source.get("downwardAPI", {}).get("items", ())
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
    for item in downward:
        _field_reference(item)
    if "ephemeral" in volume:
        volume["ephemeral"].get("volumeClaimTemplate", {}).get("spec", {}).setdefault("volumeMode", "Filesystem")


def compute_usage(resources: Object) -> dict[str, str]:
    """What requests and limits use of a quota."""
    used: dict[str, str] = {}
    for kind in ("requests", "limits"):
        for name, amount in resources.get(kind, {}).items():
            if name in ("cpu", "memory", "ephemeral-storage"):
                used[f"{kind}.{name}"] = amount
                if kind == "requests":
                    used[name] = amount
    return used
