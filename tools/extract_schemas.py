"""Writes kubesim/schemas/kubernetes-MINOR.json.gz: the published types of all stable kinds.

The source is the dev dependency kubernetes-validate, which ships Kubernetes' OpenAPI definitions as JSON schemas. Only
what is reachable from them is kept, without descriptions, in OpenAPI's own form (no null types), of more kinds than
`kubesim.kinds` has, so that a new file there finds its type. Running it again gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kubesim.release import MINOR

TARGET = Path(__file__).parents[1] / "kubesim" / "schemas" / f"kubernetes-{MINOR}.json.gz"
_EXTRA_ROOTS = (
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.policy.v1.Eviction",
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
)
_SCALARS: dict[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string", "format": "quantity"},
}
_STABLE = ("v1", "v2")
_KEPT = ("format", "required", "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key",
         "x-kubernetes-group-version-kind")  # fmt: skip
_REF = "#/$defs/"


def source() -> dict[str, Any]:
    """The definitions as the package ships them.

    Raises:
        SystemExit: the dev dependency is not installed.
    """
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SystemExit("kubernetes-validate is not installed: run this in the development environment")
    folder = Path(spec.origin).parent / "kubernetes-json-schema" / f"v{MINOR}.0-local"
    definitions: dict[str, Any] = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return definitions


def compact(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without descriptions and null types."""
    out: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema}
    if "$ref" in schema:
        out["$ref"] = "#/components/schemas/" + schema["$ref"].removeprefix(_REF)
    if "type" in schema:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else [t for t in schema["type"] if t != "null"]
        (out["type"],) = kinds
    if "properties" in schema:
        out["properties"] = {name: compact(value) for name, value in sorted(schema["properties"].items())}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            out[key] = compact(schema[key])
    return out


def roots(definitions: dict[str, Any]) -> list[str]:
    """The definitions of stable kinds and their lists."""
    found = [
        name
        for name, schema in definitions.items()
        for gvk in schema.get("x-kubernetes-group-version-kind", ())
        if gvk["version"] in _STABLE
    ]
    return [*found, *_EXTRA_ROOTS]


def reachable(definitions: dict[str, Any], names: list[str]) -> set[str]:
    """Every definition that these refer to, directly or not, and themselves."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [
                ref.removeprefix(_REF) for ref in re.findall(r'"(#/\$defs/[^"]+)"', json.dumps(definitions[name]))
            ]
    return seen


def packed() -> bytes:
    """The extract, the same bytes each time."""
    definitions = source()
    names = sorted(reachable(definitions, roots(definitions)))
    extract = {name: _SCALARS.get(name) or compact(definitions[name]) for name in names}
    text = json.dumps(extract, separators=(",", ":"), sort_keys=True).encode()
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as file:
        file.write(text)
    return out.getvalue()


def main() -> None:
    """Write the extract."""
    data = packed()
    TARGET.write_bytes(data)
    print(f"{TARGET.name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
