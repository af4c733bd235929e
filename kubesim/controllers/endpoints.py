"""What one pod contributes to a service's EndpointSlices."""

from __future__ import annotations

from kubesim.fields.pod_state import TERMINAL, is_ready, is_terminating, phase
from kubesim.store import Object


def belongs(pod: Object) -> bool:
    """Whether a selected pod has an endpoint: it has an address and is not terminal."""
    return bool(pod.get("status", {}).get("podIP")) and phase(pod) not in TERMINAL


def address_of(pod: Object, family: str) -> str:
    """A pod's address of a family; empty where it has none."""
    addresses = [str(entry["ip"]) for entry in pod.get("status", {}).get("podIPs") or ()]
    return next((address for address in addresses if (":" in address) == (family == "IPv6")), "")


def endpoint(service: Object, pod: Object, zone: str, family: str) -> Object:
    """The endpoint of a pod (endpointslice/utils.go podToEndpoint).

    The hostname, which gives the pod a DNS name of its own, is there only where the pod's subdomain names this service.
    """
    spec, meta = pod["spec"], pod["metadata"]
    serving, terminating = is_ready(pod), is_terminating(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    row: Object = {
        "addresses": [address_of(pod, family)],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
    }
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        row["hostname"] = spec["hostname"]
    target = {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
    row["targetRef"] = target
    row["nodeName"] = spec["nodeName"]
    if zone:
        row["zone"] = zone
    return row


def ports(service: Object, pod: Object) -> tuple[tuple[tuple[str, object], ...], ...]:
    """The service's ports as this pod offers them; pods that name a port differently go into slices of their own."""
    rows = []
    for port in service["spec"].get("ports") or ():
        number = _number(port, pod)
        if number is not None:
            row = {"name": port.get("name", ""), "protocol": port.get("protocol", "TCP"), "port": number}
            if port.get("appProtocol"):
                row["appProtocol"] = port["appProtocol"]
            rows.append(tuple(row.items()))
    return tuple(rows)


def _number(port: Object, pod: Object) -> int | None:
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for row in container.get("ports") or ():
            if row.get("name") == target and row.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return int(row["containerPort"])
    return None
