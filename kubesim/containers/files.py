"""A container's files: what the kubelet puts there, what volumes bring, and what programs write."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Any

from kubesim.containers.environment import fully_qualified, hostname, short_hostname, text_of
from kubesim.containers.processes import Processes
from kubesim.dns.outside import RESOLVER_ADDRESS
from kubesim.store import Object, Store

_DOMAIN = "cluster.local"
_NAMESERVER = "10.96.0.10"
_LOCALHOST = (
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
)
_NODE_RESOLV_CONF = f"nameserver {RESOLVER_ADDRESS}\n"  # what the node itself uses: dnsPolicy Default
_COMM_CHARS = 15  # the kernel's TASK_COMM_LEN without its final zero
# Folders that images have, as far as scripts go there; nothing of this machine is meant.
_FOLDERS = (
    "/", "/bin", "/dev", "/etc", "/etc/nginx", "/etc/nginx/conf.d", "/home", "/mnt", "/opt", "/proc", "/root", "/run",
    "/srv", "/tmp", "/usr", "/usr/local", "/usr/local/bin", "/usr/share", "/usr/share/nginx",  # noqa: S108 - see above
    "/usr/share/nginx/html",
    "/var", "/var/lib", "/var/log", "/var/run", "/var/tmp",  # noqa: S108 - see above
)  # fmt: skip


class Files:
    """Paths and their text. Volumes of ConfigMaps and Secrets are as they were when the container started.

    Args:
        processes: whose names /proc tells.
        hold: is told how much more programs have written.
    """

    def __init__(
        self,
        store: Store,
        pod: Object,
        container: dict[str, Any],
        ip: str,
        processes: Processes,
        hold: Callable[[int], None],
    ) -> None:
        self._processes = processes
        self._hold = hold
        self._new: dict[str, list[str]] = {}  # what was appended and not read yet
        self._folders = {*_FOLDERS, *(row["mountPath"] for row in container.get("volumeMounts") or ())}
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
        if path.startswith("/proc/"):
            return self._proc(path)
        new = self._new.pop(path, None)
        if new:
            self._text[path] = self._text.get(path, "") + "".join(new)
        return self._text.get(path)

    def _proc(self, path: str) -> str | None:
        """Of what the kernel tells about processes: the names of their programs."""
        pid, _, what = path.removeprefix("/proc/").partition("/")
        running = self._processes.get(int(pid)) if pid.isdecimal() and what == "comm" else None
        return None if running is None else f"{running.name[:_COMM_CHARS]}\n"

    def write(self, path: str, text: str, *, append: bool = False) -> None:
        """Write a file; folders need not exist."""
        if path in ("/dev/null", "/dev/stdout", "/dev/stderr"):
            return
        if not append:
            self.remove(path)
        self._hold(len(text))
        if append and path in self._text:
            self._new.setdefault(path, []).append(text)
        else:
            self._text[path] = text

    def remove(self, path: str) -> bool:
        """Whether there was such a file."""
        text = self.read(path)
        if text is None:
            return False
        self._hold(-len(text))
        del self._text[path]
        return True

    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it."""
        while path not in self._folders:
            self._folders.add(path)
            path = posixpath.dirname(path)

    def is_folder(self, path: str) -> bool:
        """Whether it is known, or a file is below it."""
        return path in self._folders or bool(self.below(path))

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
    """The kubelet's managed hosts file: the pod's own name, with its domain where it has a subdomain.

    A pod in the host's network gets its node's file (managedHostsFileContent, nodeHostsFileContent).
    """
    spec = pod.get("spec", {})
    if spec.get("hostNetwork"):
        lines = ["# Kubernetes-managed hosts file (host network).", *_LOCALHOST, f"{ip}\t{hostname(pod)}"]
    else:
        lines = ["# Kubernetes-managed hosts file.", *_LOCALHOST]
        names = [spec.get("hostnameOverride", "")]
        names = names if names[0] else [fully_qualified(pod), short_hostname(pod)]
        lines.append("\t".join([ip, *filter(None, names)]))
    if aliases := spec.get("hostAliases"):
        lines += ["", "# Entries added by HostAliases."]
        lines += [f"{row['ip']}\t" + "\t".join(row.get("hostnames", ())) for row in aliases]
    return "\n".join(lines) + "\n"


def _mounted(store: Store, pod: Object, container: dict[str, Any]) -> Iterator[tuple[str, str]]:
    volumes = {row["name"]: row for row in pod.get("spec", {}).get("volumes") or ()}
    namespace = pod["metadata"].get("namespace", "default")
    for mount in container.get("volumeMounts") or ():
        for path, text in _content(store, namespace, volumes.get(mount["name"], {})):
            sub = mount.get("subPath", "")
            if sub and sub != path:
                continue
            yield (mount["mountPath"] if sub else f"{mount['mountPath'].rstrip('/')}/{path}"), text


def _content(store: Store, namespace: str, volume: Object) -> Iterator[tuple[str, str]]:
    """The files of a volume, by their path in it."""
    sources = [volume, *(volume.get("projected") or {}).get("sources", ())]
    for source in sources:
        for kind, field, named in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
            if not (part := source.get(field)):
                continue
            found = store.get(kind, namespace, part.get(named) or part.get("name", ""))
            data = text_of(kind, found or {})
            items = {row["path"]: row["key"] for row in part.get("items") or ()} or {key: key for key in data}
            yield from ((path, data[key]) for path, key in items.items() if key in data)
