"""A container's files: what the kubelet puts there, what volumes bring, and what programs write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.sandbox.containers.environment import hostname
from chaos.sandbox.dns.outside import RESOLVER_ADDRESS
from chaos.sandbox.store import Object, Store

_DOMAIN = "cluster.local"
_NAMESERVER = "10.96.0.10"
_NODE_RESOLV_CONF = f"nameserver {RESOLVER_ADDRESS}\n"  # what the node itself uses: dnsPolicy Default


class Files:
    """Paths and their text. ConfigMap volumes are as they were when the container started."""

    def __init__(self, store: Store, pod: Object, container: dict[str, Any], ip: str) -> None:
        self._text: dict[str, str] = {
            "/dev/null": "",
            "/etc/hostname": f"{hostname(pod)}\n",
            "/etc/hosts": _hosts(pod, ip),
            "/etc/resolv.conf": resolv_conf(pod),
        }
        for path, text in _mounted(store, pod, container):
            self._text[path] = text

    def read(self, path: str) -> str | None:
        """A file's text; None where there is no such file."""
        return self._text.get(path)

    def write(self, path: str, text: str, *, append: bool = False) -> None:
        """Write a file; folders need not exist."""
        if path not in ("/dev/null", "/dev/stdout", "/dev/stderr"):
            self._text[path] = self._text.get(path, "") + text if append else text

    def remove(self, path: str) -> bool:
        """Whether there was such a file."""
        return self._text.pop(path, None) is not None

    def below(self, folder: str) -> list[str]:
        """Names of what lies directly in a folder."""
        prefix = folder.rstrip("/") + "/"
        return sorted({path.removeprefix(prefix).split("/")[0] for path in self._text if path.startswith(prefix)})


def resolv_conf(pod: Object) -> str:
    """As the kubelet writes it for the pod's dnsPolicy and dnsConfig (kubelet's network/dns/dns.go)."""
    spec = pod.get("spec", {})
    policy = spec.get("dnsPolicy", "ClusterFirst")
    if policy == "ClusterFirst" and spec.get("hostNetwork"):
        policy = "Default"
    config = spec.get("dnsConfig") or {}
    servers: list[str] = []
    search: list[str] = []
    options: dict[str, str] = {}
    if policy in ("ClusterFirst", "ClusterFirstWithHostNet"):
        namespace = pod["metadata"].get("namespace", "default")
        servers = [_NAMESERVER]
        search = [f"{namespace}.svc.{_DOMAIN}", f"svc.{_DOMAIN}", _DOMAIN]
        options = {"ndots": "5"}
    elif policy == "Default":
        servers = [line.split()[1] for line in _NODE_RESOLV_CONF.splitlines() if line.startswith("nameserver")]
    servers = list(dict.fromkeys([*servers, *config.get("nameservers", ())]))
    search = list(dict.fromkeys([*search, *config.get("searches", ())]))
    options |= {row["name"]: row.get("value", "") for row in config.get("options", ())}
    lines = [f"search {' '.join(search)}"] if search else []
    lines += [f"nameserver {server}" for server in servers]
    if options:
        lines.append("options " + " ".join(f"{k}:{v}" if v else k for k, v in options.items()))
    return "".join(f"{line}\n" for line in lines)


def _hosts(pod: Object, ip: str) -> str:
    """The kubelet's managed hosts file: the pod's own name, with its domain where it has a subdomain."""
    lines = [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
    ]
    name, subdomain = hostname(pod), pod.get("spec", {}).get("subdomain", "")
    if subdomain:
        namespace = pod["metadata"].get("namespace", "default")
        lines.append(f"{ip}\t{name}.{subdomain}.{namespace}.svc.{_DOMAIN}\t{name}")
    else:
        lines.append(f"{ip}\t{name}")
    aliases = pod.get("spec", {}).get("hostAliases") or ()
    lines += [f"{row['ip']}\t" + "\t".join(row.get("hostnames", ())) for row in aliases]
    return "\n".join(lines) + "\n"


def _mounted(store: Store, pod: Object, container: dict[str, Any]) -> Iterator[tuple[str, str]]:
    volumes = {row["name"]: row for row in pod.get("spec", {}).get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        source = volumes.get(mount["name"], {}).get("configMap")
        if not source:
            continue
        found = store.get("ConfigMap", pod["metadata"].get("namespace", "default"), source["name"])
        data: dict[str, str] = (found or {}).get("data") or {}
        items = {row["path"]: row["key"] for row in source.get("items") or ()} or {key: key for key in data}
        for path, key in items.items():
            if key not in data:
                continue
            sub = mount.get("subPath", "")
            if sub and sub != path:
                continue
            yield (mount["mountPath"] if sub else f"{mount['mountPath'].rstrip('/')}/{path}"), data[key]
