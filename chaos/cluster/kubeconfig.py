"""Kubeconfigs, found and merged as kubectl does: the name of a context leads to the same cluster.

The rules are those of client-go's ``ClientConfigLoadingRules``; `tests/cluster/test_kubeconfig.py` asks the real
kubectl about each. Which context is current is never read: a context is named or nothing is done.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chaos.errors import UsageError

_KINDS = {"clusters": "cluster", "users": "user", "contexts": "context"}
# What must be text where it is there; kubectl refuses the whole file else.
_TEXTS = {
    "clusters": ("server", "certificate-authority", "certificate-authority-data", "tls-server-name", "proxy-url"),
    "users": (
        "client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile",
        "username", "password",
    ),
    "contexts": ("cluster", "user", "namespace"),
}  # fmt: skip
_FILES = {"clusters": ("certificate-authority",), "users": ("client-certificate", "client-key", "tokenFile")}
# Refused: the library ignores these fields, and without them requests would have more rights than the user wanted.
_IMPERSONATION = frozenset({"as", "as-uid", "as-groups", "as-user-extra"})
_YAML_1_1 = re.compile("^[yYnN]$")


@dataclass(slots=True)
class Kubeconfig:
    """What the files say together.

    Attributes:
        files: that were read, the one that wins first.
        entries: under ``clusters``, ``users`` and ``contexts`` what each name stands for; paths are absolute.
        origins: the file of each entry, by its kind and name.
    """

    files: list[Path] = field(default_factory=list)
    entries: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})
    origins: dict[tuple[str, str], Path] = field(default_factory=dict)

    def describe(self) -> str:
        """For messages."""
        names = ", ".join(str(path) for path in self.files)
        return f"the kubeconfig {names}" if len(self.files) == 1 else f"the kubeconfigs {names} together"

    def only(self, context: str) -> dict[str, Any]:
        """A kubeconfig with nothing in it but a context, its cluster and its user.

        Raises:
            UsageError: there is no such context, what it names is missing, or it cannot be used as kubectl does.
        """
        contexts = self.entries["contexts"]
        if context not in contexts:
            known = ", ".join(sorted(contexts)) or "none"
            raise UsageError(
                f"{self.describe()} has no context {context!r}".replace("together has", "together have"),
                hint=f"known: {known}; name one with --context",
            )
        named = contexts[context]
        cluster, user = str(named.get("cluster") or ""), str(named.get("user") or "")
        for kind, name in (("clusters", cluster), ("users", user)):
            if name not in self.entries[kind] and (name or kind == "clusters"):
                what = f"the {_KINDS[kind]} {name!r}, which is not there" if name else "no cluster"
                raise UsageError(f"context {context!r} of {self.describe()} names {what}", hint="mend it")
        if not self.entries["clusters"][cluster].get("server"):
            raise UsageError(f"cluster {cluster!r} of {self.describe()} has no server", hint="mend it")
        if _IMPERSONATION & self.entries["users"].get(user, {}).keys():
            raise UsageError(
                f"context {context!r} of {self.describe()} acts as somebody else (`as`), which this tool does not do",
                hint="name a context whose user has the permissions himself; `chaos manifests rbac` prints which",
            )
        user_name = user or "nobody"  # the library does not know contexts without one
        return {
            "clusters": [{"name": cluster, "cluster": self.entries["clusters"][cluster]}],
            "users": [{"name": user_name, "user": self.entries["users"].get(user, {})}],
            "contexts": [{"name": context, "context": {**named, "user": user_name}}],
        }

    def server(self, context: str) -> str:
        """The URL of the API server that a context leads to; raises as `only` does."""
        return str(self.only(context)["clusters"][0]["cluster"]["server"])

    def proxy_url(self, context: str) -> tuple[str, str]:
        """The proxy that a context's cluster names, empty where it names none, and where it does; raises as `only`."""
        row = self.only(context)["clusters"][0]
        where = f"proxy-url of cluster {row['name']} in {self.origins['clusters', row['name']]}"
        return str(row["cluster"].get("proxy-url") or ""), where


def kubeconfig_paths(given: Path | None) -> list[Path]:
    """The files that may be read, the one that wins first; none of them is touched.

    Args:
        given: by the user, then the only one.
    """
    if given is not None:
        return [given]
    listed = os.environ.get("KUBECONFIG", "")
    if not listed:
        return [Path.home() / ".kube" / "config"]
    return [Path(name) for name in dict.fromkeys(listed.split(os.pathsep)) if name]


def read_kubeconfig(given: Path | None) -> Kubeconfig:
    """Read and merge: the first file that has a name decides what it stands for, wholly.

    Raises:
        UsageError: there is none, or one cannot be used; missing ones beside others are nothing.
    """
    paths = kubeconfig_paths(given)
    merged = Kubeconfig()
    for path in paths:
        document = _read(path)
        if document is None:
            continue
        merged.files.append(path)
        for kind in _KINDS:
            for name, entry in _named(document, kind, path):
                merged.entries[kind].setdefault(name, entry)
                merged.origins.setdefault((kind, name), path)
    if not merged.files:
        where = ", ".join(str(path) for path in paths) or "any place that $KUBECONFIG names"
        raise UsageError(
            f"there is no kubeconfig at {where}",
            hint="name one with --kubeconfig FILE or $KUBECONFIG, or use --sandbox, which needs no cluster",
        )
    return merged


def _unusable(path: Path, why: str) -> UsageError:
    return UsageError(f"the kubeconfig {path} cannot be used: {why}", hint="mend it or name another")


def _read(path: Path) -> dict[str, Any] | None:
    """The document in a file; None where there is no file.

    What is wrong is told by its place alone: the line may hold a token.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unusable(path, "it is not a regular file")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise _unusable(path, exc.strerror or type(exc).__name__) from None
    except UnicodeDecodeError as exc:
        raise _unusable(path, f"byte {exc.start} is not UTF-8") from None
    document = _parse(text, path)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _unusable(path, "it is no kubeconfig")
    if document.get("apiVersion") not in (None, "", "v1") or document.get("kind") not in (None, "", "Config"):
        raise _unusable(path, "its apiVersion and kind are not v1 and Config")
    return document


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text)  # JSON is YAML, but for tabs
    except (ValueError, RecursionError):
        pass
    try:
        loader = _loader()(text)
        return loader.get_data() if loader.check_data() else None  # what follows the first document is not read
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "some line"
        raise _unusable(path, f"{where} is not valid YAML") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _unusable(path, "it is not valid YAML") from None


def _loader() -> Callable[[str], Any]:
    """PyYAML's safe loader, with scalars as kubectl's takes them: ``y`` is true, a date is text."""

    class Loader(yaml.SafeLoader):
        bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}  # noqa: RUF012 - as in the base class
        yaml_implicit_resolvers = {  # noqa: RUF012 - as in the base class
            first: [(tag, regexp) for tag, regexp in known if not tag.endswith(":timestamp")]
            for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _YAML_1_1, list("yYnN"))
    return Loader


def _named(document: dict[str, Any], kind: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = document.get(kind) or []
    if not isinstance(rows, list):
        raise _unusable(path, f"its {kind} are no list")
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        where = f"number {number} of its {kind}"
        entry = (row.get(_KINDS[kind]) or {}) if isinstance(row, dict) else None
        name = row.get("name", "") if isinstance(row, dict) else None
        if not isinstance(entry, dict) or not isinstance(name, str):
            raise _unusable(path, f"{where} has no name and {_KINDS[kind]} of the right type")
        if name in seen:
            raise _unusable(path, f"it has two {kind} called {name!r}")
        seen.add(name)
        for key in _TEXTS[kind]:
            if not isinstance(entry.get(key) or "", str):
                raise _unusable(path, f"the {key} of {where} is no text")
        yield name, _with_absolute_paths(entry, kind, path)


def _with_absolute_paths(entry: dict[str, Any], kind: str, path: Path) -> dict[str, Any]:
    """Paths are relative to the file that they stand in; so is a login program's that is not looked up in $PATH."""
    base = Path(os.path.abspath(path)).parent  # noqa: PTH100 - resolve() would follow links, which kubectl does not
    copied = dict(entry)
    for key in _FILES.get(kind, ()):
        if copied.get(key):
            copied[key] = os.path.normpath(base / copied[key])
    program = copied.get("exec")
    if kind == "users" and isinstance(program, dict):
        command = program.get("command")
        if isinstance(command, str) and os.sep in command:
            copied["exec"] = {**program, "command": os.path.normpath(base / command)}
    return copied
