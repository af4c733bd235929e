"""Writes the table of guards in SECURITY.md from the guards themselves.

python tools/update_guards.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from chaos.engine.guards import GUARDS, Guard  # noqa: E402 - the path must be there first

PAGE = ROOT / "SECURITY.md"
_BEGIN, _END = "<!-- guards -->", "<!-- /guards -->"


def table() -> str:
    """One row a guard."""
    rows = ["| guard | it does not … | opened by | looked at |", "|---|---|---|---|"]
    for guard in GUARDS:
        kind = type(guard)
        moments = [
            (kind.check_start is not Guard.check_start, "before a run"),
            (kind.check_injection is not Guard.check_injection, "before each fault"),
        ]
        when = " and ".join(name for looks, name in moments if looks)
        opened = f"`{guard.switch}`" if guard.switch.startswith(("-", "chaos")) else guard.switch or "nothing"
        rows.append(f"| {guard.name} | {guard.refuses} | {opened} | {when} |")
    return "\n".join(rows)


def page() -> str:
    """SECURITY.md with the table of now."""
    text = PAGE.read_text(encoding="utf-8")
    return re.sub(f"{_BEGIN}.*{_END}", f"{_BEGIN}\n{table()}\n{_END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
