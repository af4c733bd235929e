"""The types of the simulated Kubernetes, from the published OpenAPI definitions (see tools/extract_schemas.py)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

from kubesim.release import MINOR

Schema = dict[str, Any]
_REF = "#/components/schemas/"


@cache
def definitions() -> dict[str, Schema]:
    """All definitions by their full name, such as ``io.k8s.api.core.v1.Pod``."""
    packed = files("kubesim").joinpath("schemas", f"kubernetes-{MINOR}.json.gz").read_bytes()
    loaded: dict[str, Schema] = json.loads(gzip.decompress(packed))
    return loaded


@cache
def name_of(group: str, version: str, kind: str) -> str:
    """The full name of a kind's definition.

    Raises:
        KeyError: there is no such kind.
    """
    wanted = {"group": group, "version": version, "kind": kind}
    for name, schema in definitions().items():
        gvks = schema.get("x-kubernetes-group-version-kind", ())
        if wanted in gvks:
            return name
    raise KeyError(f"{group}/{version} {kind}")


def resolve(schema: Schema) -> tuple[str, Schema]:
    """(name of the definition that a schema refers to, or empty; the schema itself)."""
    name = schema.get("$ref", "").removeprefix(_REF)
    return (name, definitions()[name]) if name else ("", schema)
