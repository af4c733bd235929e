"""Roles (pkg/registry/rbac/role)."""

from __future__ import annotations

from functools import partial

from kubesim.fields import names, rbac
from kubesim.kinds.kind import Kind, Resource

KIND = Kind(
    resource=Resource(rbac.GROUP, "v1", "roles", "Role"),
    name=names.path_segment,
    validate=partial(rbac.rules, namespaced=True),
    create_on_update=True,
)
