"""Journals as anybody may write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chaos.cluster.journal import JOURNAL

RUN = {"id": "r1", "context": "c", "fingerprint": "f"}


def entry(**fields: Any) -> dict[str, Any]:
    """A line about an object, done, unless the fields say otherwise."""
    common = {"id": 1, "change": "create it", "undo": "delete", "kind": "ConfigMap", "name": "x", "state": "done"}
    return {"entry": {**common, **fields}}


def write(folder: Path, *lines: Any, run: dict[str, Any] | None = None) -> Path:
    """Write a journal; lines that are bytes are written as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / JOURNAL
    rows = [{"run": run or RUN}, *lines]
    path.write_bytes(b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in rows))
    return path
