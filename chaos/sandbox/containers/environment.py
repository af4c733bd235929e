"""A container's environment, and Kubernetes' own `$(VAR)` in commands."""

from __future__ import annotations

import re
from typing import Any

from chaos.sandbox.store import Object

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def hostname(pod: Object) -> str:
    """What `hostname` prints in the pod."""
    name: str = pod.get("spec", {}).get("hostname") or pod["metadata"]["name"]
    return name


def environment(pod: Object, container: dict[str, Any], ip: str, links: dict[str, str] | None = None) -> dict[str, str]:
    """All variables of a container: those of its image, of the kubelet, and `declared`."""
    return {"PATH": _PATH, "HOSTNAME": hostname(pod), **declared(pod, container, ip, links or {}), "HOME": "/root"}


def declared(pod: Object, container: dict[str, Any], ip: str, links: dict[str, str]) -> dict[str, str]:
    """The variables that `$(VAR)` may refer to: of the pod's spec, with a value or a fieldRef, and of services.

    References to ConfigMaps and Secrets are left out.
    """
    fields = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"].get("namespace", ""),
        "metadata.uid": pod["metadata"].get("uid", ""),
        "spec.nodeName": pod.get("spec", {}).get("nodeName", ""),
        "status.podIP": ip,
    }
    for key, label in (pod["metadata"].get("labels") or {}).items():
        fields[f"metadata.labels['{key}']"] = label
    variables: dict[str, str] = {}
    for row in container.get("env") or ():
        path = ((row.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath", "")
        if path in fields:
            variables[row["name"]] = fields[path]
        elif "valueFrom" not in row:
            variables[row["name"]] = expand(row.get("value", ""), {**links, **variables})
    return {**variables, **{name: value for name, value in links.items() if name not in variables}}


def expand(text: str, variables: dict[str, str]) -> str:
    """Replace `$(VAR)` of declared variables; others stay as they are, and `$$` is a `$`."""

    def replace(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    return _REFERENCE.sub(replace, text)
