"""A container's environment, and Kubernetes' own `$(VAR)` in commands."""

from __future__ import annotations

import base64
import re
from typing import Any

from kubesim.store import Object, Store

_DOMAIN = "cluster.local"
_HOSTNAME_LENGTH = 63
_KINDS = {"ConfigMap": "configMap", "Secret": "secret"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


class ConfigError(LookupError):
    """What a container's environment refers to is not there; the message is the kubelet's.

    Attributes:
        reason: why the container waits.
    """

    reason = "CreateContainerConfigError"


class NoCommandError(ConfigError):
    """Neither the image nor the container says what to run (BuildContainerSpec of containerd's internal/cri)."""

    reason = "CreateContainerError"


def hostname(pod: Object) -> str:
    """What `hostname` prints in the pod: its own name, or its node's where it shares the node's network.

    As generatePodSandboxConfig of pkg/kubelet/kuberuntime sets it: a pod in the host's network is not given any, so
    that spec.hostname and spec.setHostnameAsFQDN say nothing there.
    """
    spec = pod.get("spec", {})
    if spec.get("hostNetwork"):
        return str(spec.get("nodeName") or "")
    if spec.get("hostnameOverride"):
        return str(spec["hostnameOverride"])
    name = short_hostname(pod)
    domain = fully_qualified(pod) if spec.get("setHostnameAsFQDN") else ""
    return domain or name


def short_hostname(pod: Object) -> str:
    """Without a domain; the kernel takes 63 characters (truncatePodHostnameIfNeeded)."""
    name = str(pod.get("spec", {}).get("hostname") or pod["metadata"]["name"])
    return name[:_HOSTNAME_LENGTH].rstrip("-.")


def fully_qualified(pod: Object) -> str:
    """With the pod's domain; empty where it has no subdomain."""
    subdomain = pod.get("spec", {}).get("subdomain", "")
    namespace = pod["metadata"].get("namespace", "default")
    return f"{short_hostname(pod)}.{subdomain}.{namespace}.svc.{_DOMAIN}" if subdomain else ""


def environment(
    store: Store, pod: Object, container: dict[str, Any], ip: str, links: dict[str, str] | None = None
) -> dict[str, str]:
    """All variables of a container: those of its image, of the kubelet, and `declared`.

    Raises:
        ConfigError: see `declared`.
    """
    found = declared(store, pod, container, ip, links or {})
    return {"PATH": _PATH, "HOSTNAME": hostname(pod), **found, "HOME": "/root"}


def declared(store: Store, pod: Object, container: dict[str, Any], ip: str, links: dict[str, str]) -> dict[str, str]:
    """The variables that `$(VAR)` in commands may refer to: of the spec, of ConfigMaps and Secrets, and of services.

    Amounts of resources (resourceFieldRef) are left out.

    Raises:
        ConfigError: a ConfigMap, a Secret or a key that is not optional does not exist.
    """
    whole = _whole_sources(store, pod, container)
    single: dict[str, str] = {}
    for row in container.get("env") or ():
        source = row.get("valueFrom")
        if not source:
            single[row["name"]] = expand(row.get("value", ""), {**links, **single})
        elif (value := _value(store, pod, source, ip)) is not None:
            single[row["name"]] = value
    found = {**whole, **single}
    return {**found, **{name: value for name, value in links.items() if name not in found}}


def _whole_sources(store: Store, pod: Object, container: dict[str, Any]) -> dict[str, str]:
    """The variables of envFrom."""
    found: dict[str, str] = {}
    for row in container.get("envFrom") or ():
        for kind, field in _KINDS.items():
            if reference := row.get(f"{field}Ref"):
                data = _data(store, pod, kind, reference) or {}
                found |= {f"{row.get('prefix', '')}{key}": value for key, value in data.items()}
    return found


def _value(store: Store, pod: Object, source: Object, ip: str) -> str | None:
    """What a valueFrom gives; None: the variable is not set."""
    if "fieldRef" in source:
        return _fields(pod, ip).get(source["fieldRef"].get("fieldPath", ""))
    for kind, field in _KINDS.items():
        if reference := source.get(f"{field}KeyRef"):
            data = _data(store, pod, kind, reference)
            key = reference["key"]
            if data is not None and key not in data and not reference.get("optional"):
                where = f"{pod['metadata'].get('namespace', '')}/{reference['name']}"
                raise ConfigError(f"couldn't find key {key} in {kind} {where}")
            return None if data is None else data.get(key)
    return None


def _data(store: Store, pod: Object, kind: str, reference: Object) -> dict[str, str] | None:
    """What an object holds; None where it may be missing and is."""
    found = store.get(kind, pod["metadata"].get("namespace", "default"), reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{kind.lower()} "{reference.get("name", "")}" not found')
    return text_of(kind, found)


def text_of(kind: str, obj: Object) -> dict[str, str]:
    """The data of a ConfigMap or a Secret as text, by key."""
    data: dict[str, str] = obj.get("data") or {}
    if kind == "Secret":
        return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items()}
    return data


def _fields(pod: Object, ip: str) -> dict[str, str]:
    """What fieldRef may name, by its path."""
    meta, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    found = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta.get("namespace", ""),
        "metadata.uid": meta.get("uid", ""),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": status.get("hostIP", ""),
        "status.podIP": ip,
        "status.podIPs": ip,
    }
    for field in ("labels", "annotations"):
        found |= {f"metadata.{field}['{key}']": value for key, value in (meta.get(field) or {}).items()}
    return found


def expand(text: str, variables: dict[str, str]) -> str:
    """Replace `$(VAR)` of declared variables; others stay as they are, and `$$` is a `$`."""

    def replace(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    return _REFERENCE.sub(replace, text)
