"""RoleBindings (pkg/registry/rbac/rolebinding)."""

from __future__ import annotations

from functools import partial

from kubesim.fields import names, rbac
from kubesim.kinds.kind import Kind, Resource, Table

KIND = Kind(
    resource=Resource(rbac.GROUP, "v1", "rolebindings", "RoleBinding", True),
    name=names.path_segment,
    defaults=rbac.binding_defaults,
    validate=partial(rbac.binding, namespaced=True),
    immutable=("roleRef",),
    create_on_update=True,
    table=Table.of(rbac.BINDING_COLUMNS, rbac.binding_row),
)
