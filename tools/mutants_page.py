"""Writes docs/mutants.md: how many flips were noticed, and why the others are left. `tools/mutants.py` finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "tools" / "mutants.toml"
DOCUMENT = ROOT / "docs" / "mutants.md"


def modules(target: dict[str, Any], wanted: list[str]) -> list[str]:
    """Those of a target; where some are wanted, those with such a part in their path."""
    found = [str(path.relative_to(ROOT)) for pattern in target["modules"] for path in sorted(ROOT.glob(pattern))]
    return [m for m in found if not wanted or any(one in m for one in wanted)]


def document(config: dict[str, Any], old: str, known: dict[str, Any]) -> str:
    """The page with the figures of the modules that are known, and the reasons."""
    before = old.partition("<!-- figures -->")[2].partition("<!--")[0]
    rows = {row.split("`")[1]: row for row in before.splitlines() if row.startswith("| `")}
    listed = [module for target in config["target"] for module in modules(target, [])]
    for module, found in known.items():
        alive = len(found["survivors"])
        rows[module] = f"| `{module}` | {found['mutants']} | {found['mutants'] - alive} | {alive} |"
    kept = [rows[module] for module in listed if module in rows]
    sums = [sum(int(row.split("|")[column]) for row in kept) for column in (2, 3, 4)]
    figures = [
        "| module | mutants | killed | survived |",
        "|---|---|---|---|",
        *kept,
        f"| all | {sums[0]} | {sums[1]} | {sums[2]} |",
    ]
    page = _replace(old, "figures", "\n".join(figures))
    return _replace(page, "reasons", reasons(config))


def reasons(config: dict[str, Any]) -> str:
    """The table of survivors."""
    rows = ["| module | condition | flipped | why it is left |", "|---|---|---|---|"]
    for one in config.get("survivor", ()):
        cells = (f"`{one['module']}`", _code(one["before"]), _code(one["after"]), one["why"])
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", r"\|")


def _replace(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    return page[: page.index(begin) + len(begin)] + f"\n{text}\n" + page[page.index(end) :]
