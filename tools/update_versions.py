"""Puts into docs/kubernetes-versions.md what API servers of different versions answered differently; a test checks it.

python tools/update_versions.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from kubesim.release import MINOR  # noqa: E402 - the path must be there first
from tests.kubesim.api import versions  # noqa: E402
from tools.update_readme import replace_part  # noqa: E402

PATH = ROOT / "docs" / "kubernetes-versions.md"
_SHOWN, _CONTEXT = 200, 30
_WHAT = {"mutations": "mutated manifest", "answers": "bad request", "defaults": "default"}


def updated(document: str) -> str:
    """The document with the tables as the records have them."""
    return replace_part(document, "api", "\n\n".join(_table(minor) for minor in versions.others()))


def _table(minor: str) -> str:
    base, differs = versions.recorded(), versions.others()[minor]
    asked = sum(map(len, base.values()))
    lines = [f"Of {asked:,} requests {sum(map(len, differs.values()))} are answered differently.", ""]
    lines += [f"| request | {minor} | {MINOR} |", "|---|---|---|"]
    alike: dict[tuple[str, str], list[str]] = {}
    for part in versions.PARTS:
        for case, said in differs[part].items():
            rows = _defaults(base[part][case], said) if part == "defaults" else [("", base[part][case], said)]
            for where, new, old in rows:
                alike.setdefault(_apart(_cell(part, old), _cell(part, new)), []).append(
                    f"{_WHAT[part]} `{case}`{where}"
                )
    lines += [f"| {', '.join(names)} | {old} | {new} |" for (old, new), names in alike.items()]
    return "\n".join(lines)


def _apart(old: str, new: str) -> tuple[str, str]:
    """Two texts without most of what they begin with alike, cut to what can be shown."""
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, same - _CONTEXT) if same > 2 * _CONTEXT else 0
    head = old[:_CONTEXT] + "…" if start else ""
    return _cut(head + old[start:]), _cut(head + new[start:])


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _defaults(new: Any, old: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves in which two objects differ."""
    if isinstance(new, dict) and isinstance(old, dict):
        for key in sorted(new.keys() | old.keys()):
            yield from _defaults(new.get(key), old.get(key), f"{path}.{key}")
    elif new != old:
        yield f": `{path.removeprefix('.')}`", new, old


def _cell(part: str, said: Any) -> str:
    if part == "defaults":
        text = "none" if said is None else f"`{json.dumps(said)}`"
    elif part == "mutations":
        text = _answer(said[0], said[1], said[2], [])
    else:
        text = _answer(said["status"], said.get("reason", ""), said.get("message", ""), said.get("warnings", []))
    return text.replace("|", "\\|").replace("\n", " ")


def _answer(status: int, reason: str, message: str, warnings: list[str]) -> str:
    text = f"{status} {reason}".strip()
    text += f": {message}" if message else ""
    return text + "".join(f"; warning {warning}" for warning in warnings)


if __name__ == "__main__":
    PATH.write_text(updated(PATH.read_text(encoding="utf-8")), encoding="utf-8")
