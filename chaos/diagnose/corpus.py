"""All text of a snapshot that a program could run, for checks that ask whether something is done anywhere."""

from __future__ import annotations

from chaos.diagnose.scripts import mounted_texts, scripts_of
from chaos.diagnose.snapshot import Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings, text, texts
from chaos.model.object import Object


def of_container(snapshot: Snapshot, workload: WorkloadItem, container: Object) -> str:
    """Command, arguments, environment and mounted files of one container."""
    parts = [" ".join((*texts(container.get("command")), *texts(container.get("args"))))]
    parts += [f"{text(row.get('name'))}={text(row.get('value'))}" for row in mappings(container.get("env"))]
    parts += [content for _, _, _, content in mounted_texts(snapshot, workload, container)]
    return "\n".join(parts)


def of_snapshot(snapshot: Snapshot) -> str:
    """Every program and every ConfigMap."""
    parts = [" ".join(script.argv) for workload in snapshot.workloads for script in scripts_of(snapshot, workload)]
    parts += [text(value) for item in snapshot.of("ConfigMap") for value in mapping(item.object, "data").values()]
    for workload in snapshot.workloads:
        parts += [" ".join(texts(c.get("command")) + texts(c.get("args"))) for c in _init(workload)]
    return "\n".join(parts)


def _init(workload: WorkloadItem) -> list[Object]:
    return mappings(workload.pod_spec.get("initContainers"))
