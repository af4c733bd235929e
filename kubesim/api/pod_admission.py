"""What admission gives to a new pod, or refuses in it, because of other objects."""

from __future__ import annotations

from kubesim.api.status import forbidden
from kubesim.fields import names, pod_defaults
from kubesim.kinds.kind import Resource
from kubesim.store import Object, Store

# Every cluster has these; they are no objects here.
_SYSTEM_CLASSES = ("system-cluster-critical", "system-node-critical")


def admit(store: Store, pod: Object) -> None:
    """The ServiceAccount and Priority admission plugins, in place.

    Any service account that could exist counts as existing: nothing makes the default ones.

    Raises:
        StoreError: 403.
    """
    meta, spec = pod["metadata"], pod["spec"]
    pod_defaults.service_account(spec)
    resource, name = store.scheme["Pod"].resource, meta.get("name", "")
    _prioritize(store, resource, pod)
    account = spec["serviceAccountName"]
    if names.subdomain(account):
        why = f'error looking up service account {meta["namespace"]}/{account}: serviceaccount "{account}" not found'
        raise forbidden(resource, name, why)


def _prioritize(store: Store, resource: Resource, pod: Object) -> None:
    spec = pod["spec"]
    wanted = spec.get("priorityClassName")
    if wanted in _SYSTEM_CLASSES:
        return
    if wanted:
        found = store.get("PriorityClass", "", wanted)
        if found is None:
            raise forbidden(resource, pod["metadata"].get("name", ""), f"no PriorityClass with name {wanted} was found")
    else:
        defaults = [one for one in store.list("PriorityClass") if one.get("globalDefault")]
        if not defaults:
            return
        found = min(defaults, key=lambda one: int(one.get("value", 0)))
        spec["priorityClassName"] = found["metadata"]["name"]
    spec["priority"] = found.get("value", 0)
    spec["preemptionPolicy"] = found["preemptionPolicy"]
