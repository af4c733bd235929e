"""Does a member call itself by its address?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.passages import Passage, passages
from chaos.diagnose.snapshot import Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings, text
from chaos.diagnose.variables import ADDRESS

_KEY = "address-identity"
# What a member is called by the others and keeps on disk: RABBITMQ_NODENAME, node.name, --server-id, broker_id
_NAMED = r"(?:node|server|member|instance|replica|broker|peer|raft|patroni)[._-]?(?:name|id)"
_IS_NAME = re.compile(rf"(?:.*[\W_])?{_NAMED}", re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"(?:^|[\s\"'])-{{0,2}}(?:[\w.-]*[\W_])?{_NAMED}[\"']?\s*[=: ]\s*[\"']?(?P<value>\S+)", re.IGNORECASE
)
_COMMAND = r"\$\(hostname -[iI]\)|`hostname -[iI]`"
_REFERENCE = re.compile(rf"{_COMMAND}|\$\{{(\w+)\}}|\$\((\w+)\)|\$(\w+)")
# An Erlang node, not the user of a URL
_ERLANG = re.compile(rf"(?<![\w/:.-])[a-z]\w*@(?P<value>{_COMMAND}|\$\{{\w+\}}|\$\(\w+\)|\$\w+)(?![:/])")
# The name that each pod has by its address: 10-244-1-5.default.pod.cluster.local, or under a headless service
_DASHED = re.compile(r"(?<![\w.-])(?:\d{1,3}-){3}\d{1,3}\.[a-z0-9][a-z0-9.-]*\.(?:svc|pod)\b[\w.]*")
# RabbitMQ's own: peers found by their addresses
_BY_ADDRESS = re.compile(r"address_type\s*=\s*ip\b|K8S_ADDRESS_TYPE\s*=\s*ip\b")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for passage in passages(snapshot):
        for match in _DASHED.finditer(passage.line):
            yield _made_of_one(passage, match[0])
        owner = passage.owner
        if owner is not None and owner.kind == "StatefulSet" and (said := _said(passage)):
            yield _finding(owner, passage, said)
    for workload in snapshot.sets:
        for path, container in workload.every_container:
            for i, row in enumerate(mappings(container.get("env"))):
                field = text(mapping(row, "valueFrom", "fieldRef").get("fieldPath"))
                name = text(row.get("name"))
                if field in ("status.podIP", "status.podIPs") and _IS_NAME.fullmatch(name):
                    at = workload.reference(*path, "env", i)
                    yield _finding(workload, Passage("", at, workload.namespace), f"env {name}: {field}")


def _said(passage: Passage) -> str:
    """What gives the address for a name; empty where nothing does."""
    if _BY_ADDRESS.search(passage.line) or (passage.key.endswith("K8S_ADDRESS_TYPE") and passage.line == "ip"):
        return f"{passage.key}: {passage.line}" if passage.key.endswith("K8S_ADDRESS_TYPE") else passage.line.strip()
    values = [match["value"] for match in _ERLANG.finditer(passage.line)]
    if _IS_NAME.fullmatch(passage.key):
        values.append(passage.line)
    if match := _ASSIGNED.search(passage.line):
        values.append(match["value"])
    for value in values:
        for match in _REFERENCE.finditer(value):
            name = next(filter(None, match.groups()), "")
            if not name or passage.variables.get(name) == ADDRESS:
                return (
                    f"env {passage.key}: {passage.line}"
                    if passage.key and passage.at.kind != "ConfigMap"
                    else passage.line.strip()
                )
    return ""


def _finding(workload: WorkloadItem, passage: Passage, said: str) -> Diagnostic:
    service = workload.service_name or "SERVICE"
    fix = f"use the pod's name, which stays: $(POD_NAME).{service}, with POD_NAME from fieldRef metadata.name"
    if "$" not in said and "`" not in said and "podIP" not in said:
        fix = "set address_type to hostname, and the node's name to that of the pod under its governing service"
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        passage.at,
        f"members of StatefulSet {workload.name} are called by their pods' addresses: a pod that is replaced has "
        "another, so it comes back as a stranger and the old member stays missing",
        (said,),
        fix,
        (workload.name,),
    )


def _made_of_one(passage: Passage, written: str) -> Diagnostic:
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        passage.at,
        "it is a name made of a pod's address: it is gone, or another pod's, when that pod is replaced",
        (written,),
        "use the pod's name under its StatefulSet's governing service, or a Service's name",
        tuple(w.name for w in passage.readers if w.kind == "StatefulSet"),
    )


CHECK = Check(
    _KEY,
    "a member of a StatefulSet whose name is its pod's address (`RABBITMQ_NODENAME=rabbit@$(POD_IP)`, "
    "`address_type = ip`); a name made of an address (`10-244-1-5.web.default.svc…`)",
    "an address lasts as long as its pod; a StatefulSet keeps names, not addresses",
    (Severity.WARNING,),
    _look,
    kinds=("StatefulSet",),
    also=("ConfigMap",),
)
