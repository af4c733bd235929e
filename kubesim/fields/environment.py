"""What a container's environment must not say (pkg/apis/core/validation: ValidateEnv, ValidateEnvFrom)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.objects import Object

_DOWNWARD = re.compile(
    r"metadata\.(name|namespace|uid|labels|annotations)(\['[^']+'\])?"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs)"
)
_AMOUNTS = tuple(f"{kind}.{what}" for kind in ("limits", "requests") for what in ("cpu", "ephemeral-storage", "memory"))
_ONE = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
_TWO = "may not have more than one field specified at a time"


def environment(container: Object, at: str) -> Iterator[Cause]:
    """Variables one by one, then whole sources of variables."""
    for i, variable in enumerate(container.get("env", ())):
        yield from _variable(variable, f"{at}.env[{i}]")
    for i, source in enumerate(container.get("envFrom", ())):
        yield from _whole_source(source, f"{at}.envFrom", i)


def _variable(variable: Object, at: str) -> Iterator[Cause]:
    name, source = variable.get("name", ""), variable.get("valueFrom")
    if not name:
        yield required(f"{at}.name")
    else:
        yield from (invalid_value(f"{at}.name", name, text) for text in names.environment_name(name))
    if source is None:
        return
    yield from _source(source, f"{at}.valueFrom")
    if not source:
        yield invalid_value(f"{at}.valueFrom", "", _ONE)
    elif variable.get("value"):
        yield invalid_value(f"{at}.valueFrom", "", "may not be specified when `value` is not empty")
    elif len(source) > 1:
        yield invalid_value(f"{at}.valueFrom", "", _TWO)


def _source(source: Object, at: str) -> Iterator[Cause]:
    if "fieldRef" in source:
        path = source["fieldRef"].get("fieldPath", "")
        if not path:
            yield required(f"{at}.fieldRef.fieldPath")
        elif not _DOWNWARD.fullmatch(path):
            text = f"error converting fieldPath: field label not supported: {path}"
            yield invalid_value(f"{at}.fieldRef.fieldPath", path, text)
    if "resourceFieldRef" in source:
        amount = source["resourceFieldRef"].get("resource", "")
        if not amount:
            yield required(f"{at}.resourceFieldRef.resource")
        elif amount not in _AMOUNTS and ".hugepages-" not in amount:
            yield not_supported(f"{at}.resourceFieldRef.resource", amount, _AMOUNTS)
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if kind in source:
            name, key = source[kind].get("name", ""), source[kind].get("key", "")
            yield from (invalid_value(f"{at}.{kind}.name", name, text) for text in names.subdomain(name))
            if not key:
                yield required(f"{at}.{kind}.key")
            else:
                yield from (invalid_value(f"{at}.{kind}.key", key, text) for text in names.config_key(key))


def _whole_source(source: Object, at: str, i: int) -> Iterator[Cause]:
    found = [kind for kind in ("configMapRef", "secretRef") if kind in source]
    for kind in found:
        name = source[kind].get("name", "")
        if not name:
            yield required(f"{at}[{i}].{kind}.name")
        else:
            yield from (invalid_value(f"{at}[{i}].{kind}.name", name, text) for text in names.subdomain(name))
    if not found:
        yield invalid_value(at, "", "must specify one of: `configMapRef` or `secretRef`")
    elif len(found) > 1:
        yield invalid_value(at, "", _TWO)
