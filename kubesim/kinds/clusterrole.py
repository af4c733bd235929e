"""ClusterRoles (pkg/registry/rbac/clusterrole). Those that collect others' rules by label collect nothing."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import names, rbac
from kubesim.fields.causes import Cause, required
from kubesim.fields.selectors import label_selector
from kubesim.kinds.kind import Kind, Resource
from kubesim.objects import Object


def _validate(obj: Object) -> Iterator[Cause]:
    yield from rbac.rules(obj, namespaced=False)
    if "aggregationRule" in obj:
        at, selectors = "aggregationRule.clusterRoleSelectors", obj["aggregationRule"].get("clusterRoleSelectors") or ()
        if not selectors:
            yield required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil")
        for i, selector in enumerate(selectors):
            yield from label_selector(selector, f"{at}[{i}]")


KIND = Kind(
    resource=Resource(rbac.GROUP, "v1", "clusterroles", "ClusterRole", False),
    name=names.path_segment,
    validate=_validate,
    create_on_update=True,
)
