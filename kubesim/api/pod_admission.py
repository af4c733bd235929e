"""What admission refuses in a new pod because of objects that the sandbox does not have."""

from __future__ import annotations

from kubesim.api import names
from kubesim.api.status import forbidden, resource_of
from kubesim.store import Object

# Every cluster has these; the sandbox has no others, since it has no PriorityClass objects.
_PRIORITY_CLASSES = ("system-cluster-critical", "system-node-critical")


def admit(pod: Object) -> None:
    """The Priority and ServiceAccount admission plugins.

    Any service account that could exist counts as existing: the sandbox has no ServiceAccount objects.

    Raises:
        StoreError: 403.
    """
    meta, spec = pod["metadata"], pod["spec"]
    resource, name = resource_of("Pod"), meta.get("name", "")
    priority = spec.get("priorityClassName")
    if priority and priority not in _PRIORITY_CLASSES:
        raise forbidden(resource, name, f"no PriorityClass with name {priority} was found")
    account = spec.get("serviceAccountName", "default")
    if names.subdomain(account):
        why = f'error looking up service account {meta["namespace"]}/{account}: serviceaccount "{account}" not found'
        raise forbidden(resource, name, why)
