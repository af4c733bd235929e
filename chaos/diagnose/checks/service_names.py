"""Are services asked for in the namespace where they are?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.hosts import hosts
from chaos.diagnose.lookup import addresses_of, lookup_of
from chaos.diagnose.passages import Passage, passages
from chaos.diagnose.snapshot import Snapshot
from chaos.diagnose.values import mapping
from chaos.diagnose.variables import expanded

_KEY = "service-name"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_FULL = re.compile(rf"(?<![\w.$*-])(?P<service>{_LABEL})\.(?P<namespace>{_LABEL})\.svc(?![\w-])")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    where: dict[str, set[str]] = {}
    for service in (*snapshot.of("Service"), *snapshot.elsewhere):
        where.setdefault(service.name, set()).add(service.namespace)
    seen = set()
    for passage in passages(snapshot):
        line = expanded(passage.line, passage.variables)
        for match in _FULL.finditer(line):
            key = (match[0], passage.at)
            if key not in seen and _is_copied(
                snapshot, passage, where.get(match["service"], set()), match["namespace"]
            ):
                seen.add(key)
                yield _copied(snapshot, passage, match["service"], match["namespace"])
        for word in set(hosts(passage)):
            there = where.get(word, set())
            if (word, passage.at) not in seen and len(there) == 1 and _is_short(snapshot, passage, word, there):
                seen.add((word, passage.at))
                yield _short(snapshot, passage, word, min(there))


def _is_copied(snapshot: Snapshot, passage: Passage, there: set[str], namespace: str) -> bool:
    """Whether a service is beside the one who asks, and not where it is asked for."""
    if namespace in there or passage.namespace not in there:
        return False
    return snapshot.live or not snapshot.namespace_assumed or _is_explicit(snapshot, passage.namespace)


def _is_explicit(snapshot: Snapshot, namespace: str) -> bool:
    """Whether a namespace is written down in the manifests."""
    return any(mapping(item.object, "metadata").get("namespace") == namespace for item in snapshot.items)


def _is_short(snapshot: Snapshot, passage: Passage, word: str, there: set[str]) -> bool:
    """Whether a name without a namespace is looked up where its service is not."""
    if passage.namespace in there or not passage.readers:
        return False
    explicit = snapshot.live or (_is_explicit(snapshot, min(there)) and _is_explicit(snapshot, passage.namespace))
    pods = {w.pod_spec.get("hostname") or w.name for w in snapshot.workloads if w.kind == "Pod"}
    if not explicit or word in pods:
        return False
    wanted = f"{word}.{min(there)}.svc."
    for reader in passage.readers:
        tried = lookup_of(passage, reader.pod_spec, snapshot.domain).tried(word)
        containers = {container.get("name") for _, container in reader.every_container}
        if word in addresses_of(reader.pod_spec) | containers or any(name.startswith(wanted) for name in tried):
            return False
    return True


def _concerns(passage: Passage) -> tuple[str, ...]:
    return tuple(w.name for w in passage.readers if w.kind == "StatefulSet")


def _copied(snapshot: Snapshot, passage: Passage, service: str, namespace: str) -> Diagnostic:
    home = passage.namespace
    return Diagnostic(
        _KEY,
        Severity.ERROR if snapshot.live else Severity.WARNING,
        passage.at,
        f"it asks for Service {service} in namespace {namespace}, and that is in namespace {home}, its own"
        + (": NXDOMAIN" if snapshot.live else ": NXDOMAIN, or another one of that name"),
        (f"{service}.{namespace}.svc", f"Service {service} is in namespace {home}, none is in {namespace}"),
        f"write {service}.{home}.svc",
        _concerns(passage),
    )


def _short(snapshot: Snapshot, passage: Passage, service: str, namespace: str) -> Diagnostic:
    home = passage.namespace
    return Diagnostic(
        _KEY,
        Severity.ERROR if snapshot.live else Severity.WARNING,
        passage.at,
        f"it asks for Service {service} of namespace {namespace} by its name alone, which is looked up in "
        f"{home}: NXDOMAIN",
        (service, f"there is no Service {service} in namespace {home} ({snapshot.where})"),
        f"write {service}.{namespace}.svc",
        _concerns(passage),
    )


CHECK = Check(
    _KEY,
    "a Service that is asked for in another namespace than it is in: by a full name that was copied, or by its name "
    "alone from elsewhere",
    "a name without a namespace is looked up in the asker's own",
    (Severity.ERROR, Severity.WARNING),
    _look,
    kinds=("Service",),
    also=("Service in other namespaces", "ConfigMap"),
)
