"""The EndpointSlice controller (pkg/controller/endpointslice): what DNS and kube-proxy learn about pods."""

from __future__ import annotations

from kubesim.controllers.base import Controller, Name
from kubesim.controllers.endpoints import address_of, belongs, endpoint, ports
from kubesim.controllers.plane import Plane
from kubesim.controllers.pods import owner_reference
from kubesim.fields.matching import matches_labels
from kubesim.fields.pod_state import condition
from kubesim.store import Change, Object

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
HEADLESS = "service.kubernetes.io/headless"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
MOST_ENDPOINTS = 100  # per slice; the controller manager's default

_Ports = tuple[tuple[tuple[str, object], ...], ...]


class EndpointSliceController(Controller):
    """Keeps the slices of services that have a selector."""

    delay = "endpointslice_sync"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._triggers: dict[Name, dict[str, str]] = {}

    def on_change(self, change: Change) -> None:
        if change.kind == "Service":
            self.enqueue_object(change.object)
        elif change.kind == "Pod" and _matters(change):
            namespace = change.object["metadata"]["namespace"]
            labels = [o["metadata"].get("labels") for o in (change.object, change.old) if o is not None]
            for service in self.index.in_namespace("Service", namespace):
                selector = service["spec"].get("selector")
                if selector and any(matches_labels(selector, row) for row in labels):
                    self.enqueue_object(service)
        elif change.kind == "EndpointSlice" and change.type == "DELETED":
            name = (change.object["metadata"].get("labels") or {}).get(SERVICE_NAME)
            if name:
                self.enqueue(change.object["metadata"]["namespace"], name)

    def reconcile(self, name: Name) -> None:
        service = self.store.get("Service", *name)
        if service is None or service["metadata"].get("deletionTimestamp"):
            self._triggers.pop(name, None)
            return
        selector = service["spec"].get("selector")
        if not selector or service["spec"].get("type") == "ExternalName":
            return
        pods = [
            p for p in self.index.in_namespace("Pod", name[0]) if matches_labels(selector, p["metadata"].get("labels"))
        ]
        trigger = self._trigger_time(name, service, pods)
        for family in service["spec"].get("ipFamilies") or ("IPv4",):
            wanted: dict[_Ports, dict[str, Object]] = {}
            for pod in pods:
                if belongs(pod) and address_of(pod, family):
                    row = endpoint(service, pod, self._zone(pod), family)
                    wanted.setdefault(ports(service, pod), {})[pod["metadata"]["uid"]] = row
            self._write(service, family, wanted, trigger)

    def _zone(self, pod: Object) -> str:
        node = self.store.get("Node", "", pod["spec"]["nodeName"])
        labels = (node["metadata"].get("labels") or {}) if node else {}
        return str(labels.get("topology.kubernetes.io/zone", ""))

    def _trigger_time(self, name: Name, service: Object, pods: list[Object]) -> str:
        """The earliest of the causes that are new since last time; empty where none is (a pod marked for deletion).

        As in the real tracker, causes have a resolution of 1 s: a second one within the same second is not seen.
        """
        seen = self._triggers.get(name, {})
        now = {"": service["metadata"]["creationTimestamp"]}
        for pod in pods:
            ready = condition(pod, "Ready")
            if ready is not None:
                now[pod["metadata"]["name"]] = ready["lastTransitionTime"]
        self._triggers[name] = now
        return min((at for cause, at in now.items() if at > seen.get(cause, "")), default="")

    def _write(self, service: Object, family: str, wanted: dict[_Ports, dict[str, Object]], trigger: str) -> None:
        existing: dict[_Ports, list[Object]] = {}
        for slice_ in (s for s in self._slices(service) if s["addressType"] == family):
            offered = tuple(tuple(p.items()) for p in slice_.get("ports") or ())
            existing.setdefault(offered, []).append(slice_)
        if not wanted:
            # One empty slice stays, so that consumers learn of the service; as the real controller's placeholder.
            self._write_group(service, family, next(iter(existing), ()), existing, {}, trigger, keep_one=True)
        for offered, rows in wanted.items():
            self._write_group(service, family, offered, existing, rows, trigger)
        for leftover in (s for group in existing.values() for s in group):
            self.store.remove("EndpointSlice", leftover["metadata"]["namespace"], leftover["metadata"]["name"])

    def _slices(self, service: Object) -> list[Object]:
        owned = self.index.controlled("EndpointSlice", service["metadata"]["uid"])
        return [s for s in owned if (s["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER]

    def _write_group(
        self,
        service: Object,
        family: str,
        offered: _Ports,
        existing: dict[_Ports, list[Object]],
        wanted: dict[str, Object],
        trigger: str,
        *,
        keep_one: bool = False,
    ) -> None:
        """Bring the slices of one set of ports up to date: endpoints stay where they are, new ones fill up."""
        left = dict(wanted)
        filled: list[tuple[Object, list[Object]]] = []
        for slice_ in existing.pop(offered, []):
            uids = [(e.get("targetRef") or {}).get("uid") for e in slice_.get("endpoints") or ()]
            filled.append((slice_, [left.pop(uid) for uid in uids if uid in left]))
        for slice_, rows in filled:
            while left and len(rows) < MOST_ENDPOINTS:
                rows.append(left.pop(next(iter(left))))
            if rows or (keep_one and slice_ is filled[0][0]):
                self._update(service, slice_, rows, trigger)
            else:
                self.store.remove("EndpointSlice", slice_["metadata"]["namespace"], slice_["metadata"]["name"])
        while left or (keep_one and not filled):
            batch = [left.pop(next(iter(left))) for _ in range(min(MOST_ENDPOINTS, len(left)))]
            self._create(service, family, offered, batch, trigger)
            keep_one = False

    def _update(self, service: Object, slice_: Object, rows: list[Object], trigger: str) -> None:
        labels = _labels(service)
        if slice_.get("endpoints", []) == rows and slice_["metadata"]["labels"] == labels:
            return
        meta = {**slice_["metadata"], "labels": labels}
        annotations = {k: v for k, v in (meta.pop("annotations", None) or {}).items() if k != TRIGGER_TIME}
        if trigger:
            annotations[TRIGGER_TIME] = trigger
        if annotations:
            meta["annotations"] = annotations
        self.store.update("EndpointSlice", {**slice_, "metadata": meta, "endpoints": rows})

    def _create(self, service: Object, family: str, offered: _Ports, rows: list[Object], trigger: str) -> None:
        meta = service["metadata"]
        slice_meta: Object = {
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "labels": _labels(service),
            "ownerReferences": [owner_reference(service, "Service")],
        }
        if trigger:
            slice_meta["annotations"] = {TRIGGER_TIME: trigger}
        self.plane.create(
            "EndpointSlice",
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": slice_meta,
                "addressType": family,
                "endpoints": rows,
                "ports": [dict(port) for port in offered],
            },
        )


def _matters(change: Change) -> bool:
    """Whether a change of a pod can change an endpoint."""
    if change.old is None or change.type == "DELETED":
        return True
    old, new = change.old, change.object
    if old.get("status") != new.get("status"):
        return True
    keys = ("labels", "deletionTimestamp")
    return any(old["metadata"].get(key) != new["metadata"].get(key) for key in keys)


def _labels(service: Object) -> Object:
    own = service["metadata"].get("labels") or {}
    labels = {**own, SERVICE_NAME: service["metadata"]["name"], MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == "None":
        labels[HEADLESS] = ""
    return labels
