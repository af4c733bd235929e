"""Table responses: what `kubectl get` prints (pkg/printers/internalversion)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from kubesim.api import pod_row
from kubesim.api.durations import age
from kubesim.api.scale import selector_text
from kubesim.resources import Resource
from kubesim.store import Object

Row = Callable[[Object, datetime], list[Any]]
_NONE = "<none>"
_UNSET = "<unset>"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_INTEGERS = ("Desired", "Current", "Allowed Disruptions")
_SHOWN_ENDPOINTS = 3


def wanted(accept: str) -> bool:
    """Whether an Accept header asks for a Table first."""
    return "as=Table" in accept.partition(",")[0]


def table(resource: Resource, objects: list[Object], now: datetime, *, version: str = "", include: str = "") -> Object:
    """A Table of objects at a list's `version`.

    `include` is ``Object``, ``None`` or, by default, ``Metadata``: what each row says beside its cells.
    """
    columns, row = _TABLES.get(resource.kind, _PLAIN)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version} if version else {},
        "columnDefinitions": [_column(resource, text) for text in columns.split(",")],
        "rows": [{"cells": row(obj, now), "object": _row_object(resource, obj, include)} for obj in objects],
    }


def _column(resource: Resource, text: str) -> Object:
    """A trailing + marks a column of -o wide."""
    name = text.rstrip("+")
    integer = name in _INTEGERS or (name == "Ready" and resource.kind == "ReplicaSet")
    return {
        "name": name,
        "type": "integer" if integer else "date" if name == "Created At" else "string",
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": int(text.endswith("+")),
    }


def _row_object(resource: Resource, obj: Object, include: str) -> Object | None:
    if include == "None":
        return None
    if include == "Object":
        return {"kind": resource.kind, "apiVersion": resource.api_version, **obj}
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _age(obj: Object, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _template(obj: Object) -> list[str]:
    containers = obj["spec"]["template"].get("spec", {}).get("containers", ())
    return [",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)]


def _labels(labels: Object | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or _NONE


def _created(obj: Object, _: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp", "")]


def _plain(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], _age(obj, now)]


def _service(obj: Object, now: datetime) -> list[Any]:
    spec = obj["spec"]
    ports = ",".join(
        f"{p['port']}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p['protocol']}"
        for p in spec.get("ports", ())
    )
    external = {"LoadBalancer": "<pending>", "ExternalName": spec.get("externalName", "")}.get(spec["type"], _NONE)
    external = ",".join(spec.get("externalIPs", ())) or external
    return [
        obj["metadata"]["name"],
        spec["type"],
        spec.get("clusterIP") or _NONE,
        external,
        ports or _NONE,
        _age(obj, now),
        _labels(spec.get("selector")),
    ]


def _namespace(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("status", {}).get("phase", ""), _age(obj, now)]


def _kernel(info: Object) -> str:
    kernel, architecture = info.get("kernelVersion") or "<unknown>", info.get("architecture", "")
    return f"{kernel} ({architecture})" if architecture else kernel


def _node(obj: Object, now: datetime) -> list[Any]:
    meta, status = obj["metadata"], obj.get("status", {})
    ready = {c["type"]: c["status"] for c in status.get("conditions", ())}.get("Ready", "Unknown")
    shown = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown" if not status.get("conditions") else "NotReady")
    if obj.get("spec", {}).get("unschedulable"):
        shown += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in meta.get("labels") or {} if key.startswith(prefix))
    addresses = {a["type"]: a["address"] for a in status.get("addresses", ())}
    info = status.get("nodeInfo", {})
    info = {**info, "kernelVersion": _kernel(info)}
    facts = [info.get(key) or "<unknown>" for key in ("osImage", "kernelVersion", "containerRuntimeVersion")]
    return [
        meta["name"],
        shown,
        ",".join(roles) or _NONE,
        _age(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", _NONE),
        addresses.get("ExternalIP", _NONE),
        *facts,
    ]


def _claim(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    bound = bool(spec.get("volumeName"))
    return [
        obj["metadata"]["name"],
        phase,
        spec.get("volumeName", ""),
        status.get("capacity", {}).get("storage", "") if bound else "",
        ",".join(_MODES.get(m, m) for m in status.get("accessModes", ())) if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", _UNSET),
        _age(obj, now),
        spec.get("volumeMode", _UNSET),
    ]


def _volume(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    claim = spec.get("claimRef")
    return [
        obj["metadata"]["name"],
        spec.get("capacity", {}).get("storage", ""),
        ",".join(_MODES.get(m, m) for m in spec.get("accessModes", ())),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", _UNSET),
        status.get("reason", ""),
        _age(obj, now),
        spec.get("volumeMode", _UNSET),
    ]


def _config_map(obj: Object, now: datetime) -> list[Any]:
    count = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
    return [obj["metadata"]["name"], count, _age(obj, now)]


def _secret(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("type", ""), len(obj.get("data") or {}), _age(obj, now)]


def _stateful_set(obj: Object, now: datetime) -> list[Any]:
    ready = f"{obj.get('status', {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"
    return [obj["metadata"]["name"], ready, _age(obj, now), *_template(obj)]


def _deployment(obj: Object, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    return [
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age(obj, now),
        *_template(obj),
        selector_text(obj["spec"].get("selector", {})),
    ]


def _replica_set(obj: Object, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    return [
        obj["metadata"]["name"],
        obj["spec"].get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        _age(obj, now),
        *_template(obj),
        selector_text(obj["spec"].get("selector", {})),
    ]


def _controller_revision(obj: Object, now: datetime) -> list[Any]:
    owners = [o for o in obj["metadata"].get("ownerReferences", ()) if o.get("controller")]
    shown = _NONE
    if owners:
        group = owners[0]["apiVersion"].rpartition("/")[0]
        shown = f"{owners[0]['kind'].lower()}{'.' + group if group else ''}/{owners[0]['name']}"
    return [obj["metadata"]["name"], shown, obj.get("revision", 0), _age(obj, now)]


def _endpoint_slice(obj: Object, now: datetime) -> list[Any]:
    ports = [str(p["port"]) if p.get("port") is not None else "*" for p in obj.get("ports") or ()]
    addresses = [a for e in obj.get("endpoints") or () for a in e.get("addresses", ())]
    return [
        obj["metadata"]["name"],
        obj.get("addressType", ""),
        _some(ports) or _UNSET,
        _some(addresses) or _UNSET,
        _age(obj, now),
    ]


def _some(items: list[str]) -> str:
    more = len(items) - _SHOWN_ENDPOINTS
    return ",".join(items[:_SHOWN_ENDPOINTS]) + (f" + {more} more..." if more > 0 else "")


def _budget(obj: Object, now: datetime) -> list[Any]:
    limits = [str(obj["spec"].get(field, "N/A")) for field in ("minAvailable", "maxUnavailable")]
    return [obj["metadata"]["name"], *limits, obj.get("status", {}).get("disruptionsAllowed", 0), _age(obj, now)]


def _network_policy(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], selector_text(obj["spec"]["podSelector"]) or _NONE, _age(obj, now)]


def _job(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    done, parallel = status.get("succeeded", 0), spec.get("parallelism", 0)
    of = f"{done}/{spec['completions']}" if "completions" in spec else f"{done}/1{f' of {parallel}' * (parallel > 1)}"
    conditions = [c["type"] for c in status.get("conditions", ()) if c["status"] == "True"]
    if obj["metadata"].get("deletionTimestamp"):
        conditions.append("Terminating")
    states = ("Complete", "Failed", "Terminating", "Suspended", "FailureTarget", "SuccessCriteriaMet")
    started, ended = status.get("startTime"), status.get("completionTime")
    return [
        obj["metadata"]["name"],
        next((state for state in states if state in conditions), "Running"),
        of,
        age(started, datetime.fromisoformat(ended) if ended else now) if started else "",
        _age(obj, now),
        *_template(obj),
        selector_text(spec.get("selector", {})),
    ]


def _quota(obj: Object, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    hard = sorted(status.get("hard", {}).items())
    rows = {key: f"{key}: {status['used'].get(key, '0')}/{amount}" for key, amount in hard}
    limits = [row for key, row in rows.items() if key.startswith("limits.")]
    others = [row for key, row in rows.items() if not key.startswith("limits.")]
    return [obj["metadata"]["name"], ", ".join(others), ", ".join(limits), _age(obj, now)]


def _endpoints(obj: Object, now: datetime) -> list[Any]:
    shown: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        shown += [f"{ip}:{port['port']}" for port in ports for ip in addresses] if ports else addresses
    return [obj["metadata"]["name"], _some(shown) or ("" if obj.get("subsets") else _NONE), _age(obj, now)]


def _lease(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("spec", {}).get("holderIdentity", ""), _age(obj, now)]


def _event(obj: Object, now: datetime) -> list[Any]:
    source, about = obj.get("source") or {}, obj.get("involvedObject", {})
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or first
    return [
        age(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(filter(None, (source.get("component") or obj.get("reportingComponent", ""), source.get("host", "")))),
        obj.get("message", "").strip(),
        age(first, now),
        obj.get("count") or 1,
        obj["metadata"]["name"],
    ]


_VOLUME_COLUMNS = (
    "Name,Capacity,Access Modes,Reclaim Policy,Status,Claim,StorageClass,VolumeAttributesClass,Reason,Age,VolumeMode+"
)
_PLAIN: tuple[str, Row] = ("Name,Age", _plain)
_TABLES: dict[str, tuple[str, Row]] = {
    "Pod": ("Name,Ready,Status,Restarts,Age,IP+,Node+,Nominated Node+,Readiness Gates+", pod_row.cells),
    "Service": ("Name,Type,Cluster-IP,External-IP,Port(s),Age,Selector+", _service),
    "Namespace": ("Name,Status,Age", _namespace),
    "Node": (
        "Name,Status,Roles,Age,Version,Internal-IP+,External-IP+,OS-Image+,Kernel-Version+,Container-Runtime+",
        _node,
    ),
    "PersistentVolumeClaim": (
        "Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age,VolumeMode+",
        _claim,
    ),
    "PersistentVolume": (_VOLUME_COLUMNS, _volume),
    "ConfigMap": ("Name,Data,Age", _config_map),
    "Secret": ("Name,Type,Data,Age", _secret),
    "StatefulSet": ("Name,Ready,Age,Containers+,Images+", _stateful_set),
    "Deployment": ("Name,Ready,Up-to-date,Available,Age,Containers+,Images+,Selector+", _deployment),
    "ReplicaSet": ("Name,Desired,Current,Ready,Age,Containers+,Images+,Selector+", _replica_set),
    "ControllerRevision": ("Name,Controller,Revision,Age", _controller_revision),
    "EndpointSlice": ("Name,AddressType,Ports,Endpoints,Age", _endpoint_slice),
    "Job": ("Name,Status,Completions,Duration,Age,Containers+,Images+,Selector+", _job),
    "NetworkPolicy": ("Name,Pod-Selector,Age", _network_policy),
    "PodDisruptionBudget": ("Name,Min Available,Max Unavailable,Allowed Disruptions,Age", _budget),
    "LimitRange": ("Name,Created At", _created),
    "ResourceQuota": ("Name,Request,Limit,Age", _quota),
    "Endpoints": ("Name,Endpoints,Age", _endpoints),
    "Lease": ("Name,Holder,Age", _lease),
    "Event": (
        "Last Seen,Type,Reason,Object,Subobject+,Source+,Message,First Seen+,Count+,Name+",
        _event,
    ),
}
