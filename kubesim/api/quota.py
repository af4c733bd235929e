"""The ResourceQuota admission plugin.

Not modelled: scopes, and the use of objects that are changed.
"""

from __future__ import annotations

from kubesim.api.status import forbidden, qualified
from kubesim.fields import pod_defaults, quantity
from kubesim.fields.compute import QUOTA_NAMES
from kubesim.kinds.kind import Kind, Resource
from kubesim.store import Object, Store


def admit(store: Store, kind: Kind, obj: Object, *, dry_run: bool) -> None:
    """Charge a new object to the quotas of its namespace.

    Raises:
        StoreError: 403, a quota would be exceeded, or does not know yet what is used of it.
    """
    meta, resource = obj["metadata"], kind.resource
    quotas = store.list("ResourceQuota", meta["namespace"])
    charged: list[Object] = []
    for one in quotas:
        status = one.get("status") or {}
        hard, used, asked = status.get("hard", {}), status.get("used", {}), usage(kind, obj)
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


def usage(kind: Kind, obj: Object) -> dict[str, str]:
    """What an object uses, of everything that a quota may limit: quantities by the names of resources."""
    return {f"count/{qualified(kind.resource)}": "1", **kind.usage(obj)}


def _may_use(resource: Resource, key: str) -> bool:
    return resource.kind == "Pod" and (key in QUOTA_NAMES or key == "pods")


def _unspecified(resource: Resource, obj: Object, hard: Object) -> str:
    """Compute resources that a quota limits and that containers say nothing of, in the server's words."""
    if resource.kind != "Pod":
        return ""
    missing: dict[str, list[str]] = {}
    for container in pod_defaults.containers(obj["spec"]):
        said = pod_defaults.compute_usage(container.get("resources", {}))
        for key in hard:
            if key in QUOTA_NAMES and key not in said:
                missing.setdefault(key, []).append(container["name"])
    return "; ".join(f"{key} for: {','.join(sorted(names))}" for key, names in sorted(missing.items()))
