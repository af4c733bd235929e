"""The ResourceQuota admission plugin, and what an object uses of a quota (pkg/quota/v1/evaluator).

Not modelled: scopes, and the use of objects that are changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api import pod_defaults, quantity
from kubesim.api.status import Cause, forbidden, invalid_value
from kubesim.controllers.pods import TERMINAL, phase
from kubesim.resources import Resource
from kubesim.store import Object, Store

_COMPUTE = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_COUNTED = ("pods", "services", "persistentvolumeclaims", "resourcequotas", "replicationcontrollers", "secrets",
            "configmaps", "services.nodeports", "services.loadbalancers")  # fmt: skip
_STANDARD = (*_COMPUTE, *_COUNTED, "ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage",
             "requests.storage")  # fmt: skip
# All but VolumeAttributesClass are about pods, so that they fit what pods use.
_SCOPES = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "PriorityClass",
           "CrossNamespacePodAffinity")  # fmt: skip
_CONFLICTING = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_LEGACY = ("configmaps", "resourcequotas")
_CLASS_SUFFIX = ".storageclass.storage.k8s.io"
Usage = dict[str, str]  # resource name → quantity


def validate(obj: Object) -> Iterator[Cause]:
    """What a ResourceQuota must not say."""
    for name, amount in obj["spec"].get("hard", {}).items():
        at = f"spec.hard[{name}]"
        if "/" not in name and name not in _STANDARD:
            yield invalid_value(at, name, "must be a standard resource type or fully qualified")
            yield invalid_value(at, name, "must be a standard resource for quota")
        if quantity.value(amount) < 0:
            yield invalid_value(at, amount, "must be greater than or equal to 0")
        elif name in _COUNTED and quantity.value(amount) % 1:
            yield invalid_value(at, amount, "must be an integer")
    yield from _scopes(obj["spec"])


def _scopes(spec: Object) -> Iterator[Cause]:
    scopes, hard = spec.get("scopes", []), spec.get("hard", {})
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid_value("spec.scopes", scopes, "unsupported scope")
            continue
        allowed = ("pods", *(() if scope == "BestEffort" else _COMPUTE))
        if any(name in _STANDARD and name not in allowed for name in hard):
            yield invalid_value("spec.scopes", scopes, "unsupported scope applied to resource")
    for pair in _CONFLICTING:
        if pair <= {*scopes}:
            yield invalid_value("spec.scopes", scopes, "conflicting scopes")


def admit(store: Store, resource: Resource, obj: Object, *, dry_run: bool) -> None:
    """Charge a new object to the quotas of its namespace.

    Raises:
        StoreError: 403, a quota would be exceeded, or does not know yet what is used of it.
    """
    meta = obj["metadata"]
    quotas = store.list("ResourceQuota", meta["namespace"])
    charged: list[Object] = []
    for one in quotas:
        status = one.get("status") or {}
        hard, used, asked = status.get("hard", {}), status.get("used", {}), usage(resource, obj)
        name = one["metadata"]["name"]
        if missing := _unspecified(resource, obj, hard):
            raise forbidden(resource, meta.get("name", ""), f"failed quota: {name}: must specify {missing}")
        concerned = sorted(key for key in one["spec"].get("hard", {}) if key in asked or _may_use(resource, key))
        if unknown := [key for key in concerned if key in hard and key not in used]:
            why = f"status unknown for quota: {name}, resources: {','.join(unknown)}"
            raise forbidden(resource, meta.get("name", ""), why)
        asked = {key: amount for key, amount in asked.items() if key in hard and quantity.value(amount)}
        new = {key: quantity.add(used[key], amount) for key, amount in asked.items()}
        if over := sorted(key for key, amount in new.items() if quantity.value(amount) > quantity.value(hard[key])):
            shown = [",".join(f"{key}={rows[key]}" for key in over) for rows in (asked, used, hard)]
            why = f"exceeded quota: {name}, requested: {shown[0]}, used: {shown[1]}, limited: {shown[2]}"
            raise forbidden(resource, meta.get("name", ""), why)
        if new:
            charged.append({**one, "status": {**status, "used": {**used, **new}}})
    if not dry_run:
        for one in charged:
            store.update("ResourceQuota", one)


def usage(resource: Resource, obj: Object) -> Usage:
    """What an object uses, of everything that a quota may limit."""
    count = f"count/{resource.plural}{'.' + resource.group if resource.group else ''}"
    used = {count: "1"}
    if resource.plural in _LEGACY and not resource.group:
        used[resource.plural] = "1"
    if resource.kind == "Pod" and phase(obj) not in TERMINAL:
        used |= {"pods": "1", **_of_pod(pod_defaults.pod_resources(obj["spec"]))}
    elif resource.kind == "Service":
        used |= _of_service(obj["spec"])
    elif resource.kind == "PersistentVolumeClaim":
        used |= _of_claim(obj["spec"])
    return used


def _of_pod(resources: Object) -> Usage:
    used: Usage = {}
    for kind in ("requests", "limits"):
        for name, amount in resources.get(kind, {}).items():
            if name in ("cpu", "memory", "ephemeral-storage"):
                used[f"{kind}.{name}"] = amount
                if kind == "requests":
                    used[name] = amount
    return used


def _of_service(spec: Object) -> Usage:
    used = {"services": "1"}
    if spec["type"] == "LoadBalancer":
        used["services.loadbalancers"] = "1"
    balanced = spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
    if spec["type"] == "NodePort" or balanced:
        used["services.nodeports"] = str(len(spec.get("ports", ())))
    return used


def _of_claim(spec: Object) -> Usage:
    storage = spec.get("resources", {}).get("requests", {}).get("storage", "0")
    used = {"persistentvolumeclaims": "1", "requests.storage": storage}
    if spec.get("storageClassName"):
        prefix = f"{spec['storageClassName']}{_CLASS_SUFFIX}/"
        used |= {f"{prefix}requests.storage": storage, f"{prefix}persistentvolumeclaims": "1"}
    return used


def _may_use(resource: Resource, key: str) -> bool:
    return resource.kind == "Pod" and (key in _COMPUTE or key == "pods")


def _unspecified(resource: Resource, obj: Object, hard: Object) -> str:
    """Compute resources that a quota limits and that containers say nothing of, in the server's words."""
    if resource.kind != "Pod":
        return ""
    missing: dict[str, list[str]] = {}
    for container in pod_defaults.containers(obj["spec"]):
        said = _of_pod(container.get("resources", {}))
        for key in hard:
            if key in _COMPUTE and key not in said:
                missing.setdefault(key, []).append(container["name"])
    return "; ".join(f"{key} for: {','.join(sorted(names))}" for key, names in sorted(missing.items()))
