"""What a container's variables hold, as far as the objects tell."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import labels_of, mapping, mappings, text
from chaos.model.object import Object

# What differs from pod to pod stands in texts as one of these.
OWN_NAME, ADDRESS, ORDINAL = "$(POD_NAME)", "$(POD_IP)", "$(POD_INDEX)"
_FIELDS = {
    "metadata.name": OWN_NAME,
    "metadata.labels['statefulset.kubernetes.io/pod-name']": OWN_NAME,
    "metadata.labels['apps.kubernetes.io/pod-index']": ORDINAL,
    "status.podIP": ADDRESS,
    "status.podIPs": ADDRESS,
}
_REFERENCE = re.compile(r"\$(\$?)\((\w[\w.-]*)\)")


def environment(snapshot: Snapshot, workload: WorkloadItem, container: Object) -> dict[str, str]:
    """Variable → value; those whose value is not known are left out."""
    known: dict[str, str] = {}
    for source in mappings(container.get("envFrom")):
        prefix = text(source.get("prefix"))
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            item = snapshot.get(kind, text(mapping(source, field).get("name")), workload.namespace)
            known |= {prefix + key: value for key, value in texts_of(item).items()} if item is not None else {}
    for row in mappings(container.get("env")):
        name, value = text(row.get("name")), _value(snapshot, workload, row, known)
        known.pop(name, None)
        if value is not None:
            known[name] = value
    return known


def _value(snapshot: Snapshot, workload: WorkloadItem, row: Object, known: dict[str, str]) -> str | None:
    source = mapping(row, "valueFrom")
    if not source:
        return expanded(text(row.get("value")), known)
    field = text(mapping(source, "fieldRef").get("fieldPath")).replace('"', "'")
    if field == "metadata.namespace":
        return workload.namespace
    for kind, reference in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        named = mapping(source, reference)
        item = snapshot.get(kind, text(named.get("name")), workload.namespace) if named else None
        if item is not None:
            return texts_of(item).get(text(named.get("key")))
    return _FIELDS.get(field)


def expanded(value: str, known: dict[str, str]) -> str:
    """``$(VAR)`` as the kubelet expands it; what it does not know stays."""
    return _REFERENCE.sub(lambda match: match[0] if match[1] else known.get(match[2], match[0]), value)


def texts_of(item: Item) -> dict[str, str]:
    """Key → text of a ConfigMap or a Secret, the latter decoded."""
    return {key: content for _, key, content in contents(item)}


def contents(item: Item) -> Iterator[tuple[str, str, str]]:
    """(field, key, text) of a ConfigMap or a Secret; what is no text is left out."""
    if item.kind != "Secret":
        for key, content in labels_of(item.object.get("data")).items():
            yield "data", key, content
        return
    for key, content in labels_of(item.object.get("data")).items():
        try:
            yield "data", key, base64.b64decode(content, validate=True).decode()
        except (binascii.Error, ValueError):
            continue
    for key, content in labels_of(item.object.get("stringData")).items():
        yield "stringData", key, content
