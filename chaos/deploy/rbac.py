"""Roles, generated from the one table of permissions."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.engine.permissions import (
    DNS_NAMESPACE,
    DNS_OBJECTS,
    OPT_IN,
    PERMISSIONS,
    WEBSOCKETS_FROM_135,
    Feature,
    Permission,
    Scope,
)
from chaos.model.object import Object

NAME = "chaos-identity"


def rbac(
    namespace: str, service_account: str, opt_ins: Iterable[Feature], more: Iterable[Permission] = ()
) -> list[Object]:
    """A ServiceAccount, a Role that is enough for everything in one's own namespace, and what was opted into.

    Args:
        namespace: to work in.
        service_account: that the runner's pod runs as.
        opt_ins: of `OPT_IN`; each adds a Role or ClusterRole of its own.
        more: what single experiments do beyond the table.
    """
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": service_account, "namespace": namespace},
    }
    more = list(more)
    own = [p for p in PERMISSIONS if p.feature not in OPT_IN] + [WEBSOCKETS_FROM_135]
    own += [p for p in more if p.scope is not Scope.CLUSTER]
    made = [account, *_role("Role", NAME, namespace, own, namespace, service_account)]
    for feature in opt_ins:
        rows = [p for p in PERMISSIONS if p.feature is feature]
        name = f"{NAME}-{feature.value}"
        if feature is Feature.MAKE_NAMESPACE:
            # Whoever makes namespaces works in them, so needs the own namespace's permissions in all.
            made += _role("ClusterRole", name, "", rows + own, namespace, service_account)
        elif all(row.scope is Scope.CLUSTER for row in rows):
            made += _role("ClusterRole", f"{name}-{namespace}", "", rows, namespace, service_account)
        else:
            made += _role("Role", f"{name}-{namespace}", DNS_NAMESPACE, rows, namespace, service_account)
    beyond = [p for p in more if p.scope is Scope.CLUSTER]
    if beyond:
        made += _role("ClusterRole", f"{NAME}-experiments-{namespace}", "", beyond, namespace, service_account)
    return made


def _role(
    kind: str, name: str, role_namespace: str, rows: list[Permission], namespace: str, service_account: str
) -> list[Object]:
    """A role and its binding to the service account."""
    api = "rbac.authorization.k8s.io"
    meta: Object = {"name": name, **({"namespace": role_namespace} if role_namespace else {})}
    role = {"apiVersion": f"{api}/v1", "kind": kind, "metadata": meta, "rules": rules(rows)}
    binding = {
        "apiVersion": f"{api}/v1",
        "kind": f"{kind}Binding",
        "metadata": dict(meta),
        "roleRef": {"apiGroup": api, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": service_account, "namespace": namespace}],
    }
    return [role, binding]


def rules(rows: Iterable[Permission]) -> list[Object]:
    """Rows of the table as RBAC rules, one for each resource, and for each object that is named."""
    verbs: dict[tuple[str, str, Scope, str], list[str]] = {}
    for row in rows:
        found = verbs.setdefault((row.group, row.resource, row.scope, row.name), [])
        if row.verb not in found:
            found.append(row.verb)
    found_rules = []
    for (group, resource, scope, name), names in verbs.items():
        rule: Object = {"apiGroups": [group], "resources": [resource], "verbs": names}
        if name or (scope is Scope.DNS and resource in DNS_OBJECTS):
            rule["resourceNames"] = [name or DNS_OBJECTS[resource]]
        found_rules.append(rule)
    return found_rules
