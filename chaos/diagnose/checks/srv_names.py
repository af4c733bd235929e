"""Is there an SRV record for each that somebody asks for?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.passages import Passage, passages
from chaos.diagnose.snapshot import Item, Snapshot
from chaos.diagnose.values import mappings, text
from chaos.diagnose.variables import expanded

_KEY = "srv-name"
_HOST = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_ASKED = re.compile(rf"(?<![\w-])_(?P<port>[a-z0-9][a-z0-9-]*)\._(?P<protocol>tcp|udp|sctp)\.(?P<host>{_HOST})")
# Clients that put the rest together: the MongoDB connection string, etcd's discovery.
_MONGODB = re.compile(rf"mongodb\+srv://(?:[^\s/@\"']*@)?(?P<host>{_HOST})")
_ETCD = re.compile(rf"--discovery-srv[= ](?P<host>{_HOST})")


@dataclass(frozen=True, slots=True)
class _SrvName:
    """One SRV name; any of its ports' names will do."""

    written: str
    ports: tuple[str, ...]
    protocol: str
    host: str
    passage: Passage


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    seen = set()
    for passage in passages(snapshot):
        for asked in _in_line(passage):
            service = _service(snapshot, asked)
            if service is None or (asked.written, passage.at) in seen or service.spec.get("type") == "ExternalName":
                continue
            seen.add((asked.written, passage.at))
            rows = [(text(row.get("name")), text(row.get("protocol")) or "TCP") for row in _rows(service)]
            if not any((port, asked.protocol.upper()) in rows for port in asked.ports):
                yield _finding(snapshot, asked, service)


def _in_line(passage: Passage) -> Iterator[_SrvName]:
    line = expanded(passage.line, passage.variables)
    for match in _ASKED.finditer(line):
        yield _SrvName(match[0], (match["port"],), match["protocol"], match["host"], passage)
    for match in _MONGODB.finditer(line):
        yield _SrvName(f"_mongodb._tcp.{match['host']}", ("mongodb",), "tcp", match["host"], passage)
    for match in _ETCD.finditer(f"{passage.key} {line}" if passage.key.startswith("--") else line):
        ports = ("etcd-server", "etcd-server-ssl")
        yield _SrvName(f"_etcd-server._tcp.{match['host']}", ports, "tcp", match["host"], passage)


def _service(snapshot: Snapshot, asked: _SrvName) -> Item | None:
    name, _, rest = asked.host.partition(".")
    namespace = rest.partition(".")[0] or asked.passage.namespace
    return next(
        (s for s in (*snapshot.of("Service"), *snapshot.elsewhere) if (s.name, s.namespace) == (name, namespace)), None
    )


def _rows(service: Item) -> list[dict[str, object]]:
    return mappings(service.spec.get("ports"))


def _finding(snapshot: Snapshot, asked: _SrvName, service: Item) -> Diagnostic:
    rows = [row for row in _rows(service) if (text(row.get("protocol")) or "TCP") == asked.protocol.upper()]
    names = [text(row.get("name")) for row in rows if row.get("name")]
    unnamed = [text(row.get("port")) for row in rows if not row.get("name")]
    wanted = " or ".join(asked.ports)
    if unnamed:
        fix = f"give port {unnamed[0]} of Service {service.name} the name {asked.ports[0]}"
    elif len(names) == 1:
        fix = f"rename port {names[0]} of Service {service.name} to {asked.ports[0]}"
        if asked.written in asked.passage.line:
            fix = f"write _{names[0]}._{asked.protocol}.{asked.host}, or {fix}"
    else:
        fix = f"rename the port of Service {service.name} that is meant to {asked.ports[0]}, or add it"
    shown = ", ".join([*names, *(f"{port} without name" for port in unnamed)]) or "none"
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        asked.passage.at,
        f"it asks for the SRV records of port {wanted} of Service {service.name}, which has no "
        f"{asked.protocol.upper()} port of that name: NXDOMAIN",
        (asked.written, f"{asked.protocol.upper()} ports of Service {service.name}: {shown}"),
        fix,
        snapshot.sets_behind(service),
    )


CHECK = Check(
    _KEY,
    "SRV names (`_grpc._tcp.store…`, `mongodb+srv://…`, `--discovery-srv`) of a port that the Service has not, or not "
    "under that name",
    "SRV records are made of the names of a Service's ports",
    (Severity.ERROR,),
    _look,
    kinds=("Service",),
    also=("StatefulSet", "ConfigMap"),
)
