"""Rules and subjects of access control (pkg/apis/rbac). They are kept and shown; nothing is refused because of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.columns import age_of
from kubesim.objects import Object

GROUP = "rbac.authorization.k8s.io"
BINDING_COLUMNS = "Name,Role,Age,Users+,Groups+,ServiceAccounts+"
_SUBJECTS = ("ServiceAccount", "User", "Group")


def rules(obj: Object, *, namespaced: bool) -> Iterator[Cause]:
    """What is wrong with the rules of a role (ValidatePolicyRule)."""
    for i, rule in enumerate(obj.get("rules") or ()):
        at, urls = f"rules[{i}]", rule.get("nonResourceURLs")
        if not rule.get("verbs"):
            yield required(f"{at}.verbs", "verbs must contain at least one value")
        if urls:
            if namespaced:
                text = "namespaced rules cannot apply to non-resource URLs"
                yield invalid_value(f"{at}.nonResourceURLs", urls, text)
            if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
                text = "rules cannot apply to both regular resources and non-resource URLs"
                yield invalid_value(f"{at}.nonResourceURLs", urls, text)
            continue
        if not rule.get("apiGroups"):
            yield required(f"{at}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield required(f"{at}.resources", "resource rules must supply at least one resource")


def binding_defaults(obj: Object) -> None:
    """Fill in the API groups that a binding leaves out, in place."""
    if not obj.setdefault("roleRef", {}).get("apiGroup"):
        obj["roleRef"]["apiGroup"] = GROUP
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
            subject["apiGroup"] = GROUP


def binding(obj: Object, *, namespaced: bool) -> Iterator[Cause]:
    """What is wrong with a binding (ValidateRoleBinding, ValidateClusterRoleBinding)."""
    role = obj["roleRef"]
    roles = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    if role["apiGroup"] != GROUP:
        yield not_supported("roleRef.apiGroup", role["apiGroup"], (GROUP,))
    if role.get("kind", "") not in roles:
        yield not_supported("roleRef.kind", role.get("kind", ""), roles)
    if not role.get("name"):
        yield required("roleRef.name")
    else:
        yield from (invalid_value("roleRef.name", role["name"], text) for text in names.path_segment(role["name"]))
    for i, subject in enumerate(obj.get("subjects") or ()):
        yield from _subject(subject, f"subjects[{i}]", namespaced=namespaced)


def _subject(subject: Object, at: str, *, namespaced: bool) -> Iterator[Cause]:
    name, kind, group = (subject.get(field, "") for field in ("name", "kind", "apiGroup"))
    if not name:
        yield required(f"{at}.name")
    if kind == "ServiceAccount":
        if name:
            yield from (invalid_value(f"{at}.name", name, text) for text in names.subdomain(name))
        if group:
            yield not_supported(f"{at}.apiGroup", group, ("",))
        if not namespaced and not subject.get("namespace"):
            yield required(f"{at}.namespace")
    elif kind not in _SUBJECTS:
        yield not_supported(f"{at}.kind", kind, _SUBJECTS)
    elif group != GROUP:
        yield not_supported(f"{at}.apiGroup", group, (GROUP,))


def binding_row(obj: Object, now: datetime) -> list[Any]:
    """The cells of a binding under `BINDING_COLUMNS`."""
    role, subjects = obj["roleRef"], obj.get("subjects") or ()
    users, groups = (", ".join(s["name"] for s in subjects if s["kind"] == kind) for kind in ("User", "Group"))
    accounts = [f"{s.get('namespace', '')}/{s['name']}" for s in subjects if s["kind"] == "ServiceAccount"]
    role_shown = f"{role['kind']}/{role['name']}"
    return [obj["metadata"]["name"], role_shown, age_of(obj, now), users, groups, ", ".join(accounts)]
