"""Writes the table of docs/diagnose.md from the checks themselves.

python tools/update_diagnose.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from chaos.diagnose.checks import CHECKS  # noqa: E402 - the path must be there first
from chaos.diagnose.images import LACKING  # noqa: E402

PATH = ROOT / "docs" / "diagnose.md"


def checks_table() -> str:
    """One row a check."""
    rows = ["| check | finds | says | needs | because |", "|---|---|---|---|---|"]
    for check in CHECKS:
        severities = ", ".join(severity.value for severity in check.severities)
        cells = (f"`{check.key}`", check.finds, severities, check.needs.value, check.because)
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(rows)


def images_table() -> str:
    """One row an image."""
    rows = ["| image | tags | lacks |", "|---|---|---|"]
    seen = set()
    for image, tags, lacking in LACKING:
        rest = "all others" if image in seen else "all"
        shown = rest if tags == ".*" else tags.replace(".*", "…")
        seen.add(image)
        rows.append(f"| `{image}` | {shown} | {', '.join(sorted(lacking))} |")
    return "\n".join(rows)


def updated(text: str) -> str:
    """The document with today's tables between its marks."""
    for mark, table in (("checks", checks_table()), ("images", images_table())):
        pattern = rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)"
        text = re.sub(pattern, lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text, flags=re.DOTALL)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PATH.write_text(updated(PATH.read_text(encoding="utf-8")), encoding="utf-8")
