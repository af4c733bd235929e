"""Writes kubesim/schemas/protobuf-MINOR.json.gz: the field numbers of the types in the schemas' extract.

kubectl's typed commands (`create namespace`, `create deployment`, …) send protobuf, and OpenAPI has no field numbers.
They come from the generated.proto files of the Go modules of Kubernetes, which no Python package ships:

    go mod download -json k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2     # prints each folder as Dir
    python tools/extract_protobuf.py API_FOLDER APIMACHINERY_FOLDER

Needed only when the Kubernetes version changes. Running it again gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from pathlib import Path

from kubesim.api.schema import definitions
from kubesim.release import MINOR

TARGET = Path(__file__).parents[1] / "kubesim" / "schemas" / f"protobuf-{MINOR}.json.gz"
_FIELD = re.compile(r"^\s*(optional|repeated|map<string, ([\w.]+)>)\s*([\w.]*)\s+(\w+) = (\d+);", re.MULTILINE)
_MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_SCALARS = ("string", "bytes", "bool", "int32", "int64", "double")
# (json name, optional | repeated | map | inline, type) by field number
Fields = dict[str, tuple[str, str, str]]


def full_name(package: str, name: str) -> str:
    """``k8s.io.api.core.v1`` and ``Pod`` → ``io.k8s.api.core.v1.Pod``."""
    if name in _SCALARS:
        return name
    if name.startswith(".k8s.io."):
        name = name[1:]
    joined = name if name.startswith("k8s.io.") else f"{package}.{name}"
    return "io." + joined.replace("k8s.io.", "k8s.", 1)


def messages(folders: list[Path]) -> dict[str, Fields]:
    """All messages of all generated.proto files below the folders."""
    found: dict[str, Fields] = {}
    known = definitions()
    for file in sorted(path for folder in folders for path in folder.rglob("generated.proto")):
        text = file.read_text(encoding="utf-8")
        package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
        if package is None:
            continue
        for name, body in _MESSAGE.findall(text):
            full = full_name(package[1], name)
            properties = known.get(full, {}).get("properties")
            fields: Fields = {}
            for label, map_type, kind, field, number in _FIELD.findall(body):
                form = "map" if map_type else label
                kind_name = full_name(package[1], map_type or kind)
                # An embedded struct has a field number, but its fields are its owner's in JSON.
                if (
                    form == "optional"
                    and properties is not None
                    and field not in properties
                    and kind_name not in _SCALARS
                ):
                    form = "inline"
                fields[number] = (field, form, kind_name)
            found[full] = fields
    return found


def reachable(found: dict[str, Fields]) -> set[str]:
    """The messages that requests about kinds can contain."""
    gvks = {name: schema.get("x-kubernetes-group-version-kind", ()) for name, schema in definitions().items()}
    waiting = [name for name, rows in gvks.items() if any(not row["kind"].endswith("List") for row in rows)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found and name not in seen:
            seen.add(name)
            waiting += [kind for _, _, kind in found[name].values()]
    return seen


def main() -> None:
    """Write the extract."""
    found = messages([Path(folder) for folder in sys.argv[1:]])
    names = reachable(found)
    text = json.dumps({name: found[name] for name in sorted(names)}, separators=(",", ":"), sort_keys=True)
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as file:
        file.write(text.encode())
    TARGET.write_bytes(out.getvalue())
    print(f"{TARGET.name}: {len(names)} messages, {len(out.getvalue())} bytes")


if __name__ == "__main__":
    main()
