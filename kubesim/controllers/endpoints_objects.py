"""The Endpoints controller (pkg/controller/endpoint): the deprecated form of what EndpointSlices say."""

from __future__ import annotations

from kubesim.api import deletion
from kubesim.controllers.base import Controller, Name
from kubesim.controllers.endpoints import belongs, ports
from kubesim.controllers.plane import Plane
from kubesim.fields.matching import matches_labels
from kubesim.fields.pod_state import is_ready, is_terminating
from kubesim.store import Change, Object, StoreError

MANAGED_BY, MANAGER = "endpoints.kubernetes.io/managed-by", "endpoint-controller"
HEADLESS = "service.kubernetes.io/headless"


class EndpointsController(Controller):
    """Keeps the Endpoints of services that have a selector, from the first request for any Endpoints on.

    Nothing in the simulated cluster reads them, and one object with all pods of a large set, written at each change of
    a pod, would cost more than the rest of the set.
    """

    delay = "endpoints_sync"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._active = False
        plane.registry.on_demand["Endpoints"] = self.activate

    def activate(self) -> None:
        """Bring all of them up to date at once, and keep them so."""
        if self._active:
            return
        self._active = True
        for service in self.store.list("Service"):
            try:
                self.reconcile((service["metadata"]["namespace"], service["metadata"]["name"]))
            except StoreError:  # its namespace goes, for one
                self.enqueue_object(service)

    def on_change(self, change: Change) -> None:
        if not self._active:
            return
        if change.kind == "Service" or (change.kind == "Endpoints" and change.type == "DELETED"):
            self.enqueue_object(change.object)
        elif change.kind == "Pod":
            rows = [o["metadata"].get("labels") for o in (change.object, change.old) if o is not None]
            for service in self.index.in_namespace("Service", change.object["metadata"]["namespace"]):
                selector = service["spec"].get("selector")
                if selector and any(matches_labels(selector, labels) for labels in rows):
                    self.enqueue_object(service)

    def reconcile(self, name: Name) -> None:
        service, now = self.store.get("Service", *name), self.store.get("Endpoints", *name)
        if service is None:
            if now is not None and (now["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER:
                deletion.delete(self.store, "Endpoints", *name)
            return
        if not service["spec"].get("selector"):
            return
        found, labels = self._subsets(service), _labels(service)
        if now is None:
            meta = {"name": name[1], "namespace": name[0], "labels": labels}
            self.plane.create("Endpoints", {"metadata": meta, **({"subsets": found} if found else {})})
        elif (now.get("subsets") or []) != found or now["metadata"].get("labels") != labels:
            new = {key: value for key, value in now.items() if key != "subsets"}
            new["metadata"] = {**now["metadata"], "labels": labels}
            self.store.update("Endpoints", {**new, **({"subsets": found} if found else {})})

    def _subsets(self, service: Object) -> list[Object]:
        """Addresses by the ports that they share."""
        spec, meta = service["spec"], service["metadata"]
        published = bool(spec.get("publishNotReadyAddresses"))
        by_port: dict[tuple[tuple[str, object], ...], list[tuple[Object, bool]]] = {}
        for pod in self.index.in_namespace("Pod", meta["namespace"]):
            if not matches_labels(spec["selector"], pod["metadata"].get("labels")) or not belongs(pod):
                continue
            if is_terminating(pod) and not published:
                continue
            row = (_address(service, pod), published or is_ready(pod))
            offered = ports(service, pod)
            if not spec.get("ports") and spec.get("clusterIP") == "None":
                by_port.setdefault((), []).append(row)
            for port in offered:
                by_port.setdefault(tuple((key, value) for key, value in port if value != ""), []).append(row)
        grouped: dict[str, tuple[list[tuple[Object, bool]], list[Object]]] = {}
        for port, rows in sorted(by_port.items(), key=str):
            rows.sort(key=lambda row: tuple(int(part) for part in row[0]["ip"].split(".")))
            grouped.setdefault(str(rows), (rows, []))[1].extend([dict(port)] if port else [])
        return [_subset(rows, offered) for rows, offered in grouped.values()]


def _subset(rows: list[tuple[Object, bool]], offered: list[Object]) -> Object:
    parts = {
        "addresses": [address for address, ready in rows if ready],
        "notReadyAddresses": [address for address, ready in rows if not ready],
        "ports": offered,
    }
    return {key: part for key, part in parts.items() if part}


def _address(service: Object, pod: Object) -> Object:
    spec, meta = pod["spec"], pod["metadata"]
    address: Object = {
        "ip": pod["status"]["podIP"],
        "nodeName": spec["nodeName"],
        "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
    }
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        address["hostname"] = spec["hostname"]
    return address


def _labels(service: Object) -> Object:
    labels = {**(service["metadata"].get("labels") or {}), MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == "None":
        labels[HEADLESS] = ""
    return labels
