"""The variables by which a container is told about services (enableServiceLinks): as they were when it started."""

from __future__ import annotations

from kubesim.store import Object, Store


def service_links(store: Store, pod: Object) -> dict[str, str]:
    """``NAME_SERVICE_HOST`` and its kind, of the namespace's services with an address and of ``kubernetes``."""
    own = pod["metadata"].get("namespace", "default")
    kubernetes = store.get("Service", "default", "kubernetes")
    services = [kubernetes] if kubernetes else []
    if pod.get("spec", {}).get("enableServiceLinks", True):
        services += [service for service in store.list("Service", own) if service is not kubernetes]
    found: dict[str, str] = {}
    for service in services:
        if service["spec"].get("clusterIP", "None") not in ("None", ""):
            found |= _variables(service)
    return found


def _variables(service: Object) -> dict[str, str]:
    name = service["metadata"]["name"].upper().replace("-", "_")
    address, ports = service["spec"]["clusterIP"], service["spec"].get("ports") or []
    found = {f"{name}_SERVICE_HOST": address}
    for i, row in enumerate(ports):
        port, protocol = str(row["port"]), row.get("protocol", "TCP")
        url = f"{protocol.lower()}://{address}:{port}"
        if not i:
            found |= {f"{name}_SERVICE_PORT": port, f"{name}_PORT": url}
        if row.get("name"):
            found[f"{name}_SERVICE_PORT_{row['name'].upper().replace('-', '_')}"] = port
        prefix = f"{name}_PORT_{port}_{protocol}"
        found |= {
            prefix: url,
            f"{prefix}_PROTO": protocol.lower(),
            f"{prefix}_PORT": port,
            f"{prefix}_ADDR": address,
        }
    return found
