"""A container's environment, and Kubernetes' own `$(VAR)` in commands."""

from __future__ import annotations

import re
from typing import Any

from chaos.sandbox.store import Object

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def hostname(pod: Object) -> str:
    """What `hostname` prints in the pod."""
    name: str = pod.get("spec", {}).get("hostname") or pod["metadata"]["name"]
    return name


def environment(pod: Object, container: dict[str, Any], ip: str) -> dict[str, str]:
    """The declared variables with a value or a fieldRef, and HOSTNAME.

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
    variables = {"HOSTNAME": hostname(pod)}
    for row in container.get("env") or ():
        path = ((row.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath", "")
        if path in fields:
            variables[row["name"]] = fields[path]
        elif "valueFrom" not in row:
            variables[row["name"]] = expand(row.get("value", ""), variables)
    return variables


def expand(text: str, variables: dict[str, str]) -> str:
    """Replace `$(VAR)` of declared variables; others stay as they are, and `$$` is a `$`."""

    def replace(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    return _REFERENCE.sub(replace, text)
