"""Discovery: which groups, versions and kinds there are."""

from __future__ import annotations

import re
from typing import Any

from kubesim.api import access
from kubesim.kinds.kind import Kind, Resource
from kubesim.release import KUBERNETES, MINOR
from kubesim.scheme import Scheme
from kubesim.store import Object

_MAJOR, _MINOR = MINOR.split(".")
VERSION: Object = {
    "major": _MAJOR,
    "minor": _MINOR,
    "gitVersion": KUBERNETES,
    "gitCommit": "",
    "gitTreeState": "simulated",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
    "emulationMajor": _MAJOR,
    "emulationMinor": _MINOR,
    "minCompatibilityMajor": _MAJOR,
    "minCompatibilityMinor": str(int(_MINOR) - 1),
}
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def document(path: str, scheme: Scheme) -> Any:
    """The discovery document of a path without its final slash, or None."""
    match path.strip("/").split("/"):
        case ["version"]:
            return VERSION
        case ["api"]:
            found: Object = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            found = {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [_group(group, versions) for group, versions in sorted(_versions(scheme).items())],
            }
        case ["api", "v1"]:
            found = _resources("", "v1", scheme)
        case ["apis", group] if group in _versions(scheme):
            found = {"kind": "APIGroup", "apiVersion": "v1", **_group(group, _versions(scheme)[group])}
        case ["apis", access.GROUP, access.VERSION]:
            found = _resources(access.GROUP, access.VERSION, scheme)
        case ["apis", group, version] if scheme.has_version(group, version):
            found = _resources(group, version, scheme)
        case _:
            return None
    return found


def _versions(scheme: Scheme) -> dict[str, list[str]]:
    """The versions of each group but the core, the preferred one first."""
    found: dict[str, set[str]] = {}
    for kind in scheme:
        if kind.resource.group:
            found.setdefault(kind.resource.group, set()).add(kind.resource.version)
    found.setdefault(access.GROUP, set()).add(access.VERSION)
    return {group: sorted(versions, key=_preference) for group, versions in found.items()}


def _preference(version: str) -> tuple[object, ...]:
    """v2, v1, v1beta2, v1beta1, v1alpha1, then others by name (apimachinery's CompareKubeAwareVersionStrings)."""
    match = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if match is None:
        return 3, version
    major, stage, minor = match.groups()
    return {None: 0, "beta": 1, "alpha": 2}[stage], -int(major), -int(minor or 0)


def _group(group: str, versions: list[str]) -> Object:
    entries = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": entries, "preferredVersion": entries[0]}


def _resources(group: str, version: str, scheme: Scheme) -> Object:
    listed: list[Object] = []
    for kind in scheme:
        resource = kind.resource
        if (resource.group, resource.version) == (group, version):
            listed += [_resource(kind), *(_subresource(resource, s) for s in resource.subresources)]
    if (group, version) == (access.GROUP, access.VERSION):
        listed.append(access.RESOURCE)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": sorted(listed, key=lambda r: str(r["name"])),
    }


def _resource(kind: Kind) -> Object:
    resource = kind.resource
    verbs = [v for v in _VERBS if v != "deletecollection" or kind.deletes_collections]
    out: Object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs,
    }
    if resource.short_names:
        out["shortNames"] = list(resource.short_names)
    if resource.categories:
        out["categories"] = list(resource.categories)
    return out


def _subresource(resource: Resource, name: str) -> Object:
    out: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": ["update"] if name == "finalize" else ["get", "patch", "update"],
    }
    if name == "log":
        out["verbs"] = ["get"]
    if name == "exec":
        out |= {"kind": "PodExecOptions", "verbs": ["create", "get"]}
    if name == "eviction":
        out |= {"group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"]}
    if name == "scale":
        out |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return out
