"""Finds numbers in sentences that are no figures and that the code does not say by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent

# A quantity: digits that belong to no name, address, version or identifier ("trial 2" is a name).
QUANTITY = re.compile(r"(?<!trial )(?<!turn )(?<![\w.:/-])\d+(?:\.\d+)?(?![\w/:]|\.\d|-\w)")


@cache
def literals() -> str:
    """All that the code of experiments and analysis says by itself."""
    paths = [*(ROOT / "experiments").rglob("*.py"), *(ROOT / "chaos" / "analysis").rglob("*.py")]
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return "\n".join(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))


def unexplained(text: str) -> Iterator[str]:
    """The quantities of a text with ids that stand so, with what is before or behind, in no literal of the code."""
    bare = re.sub(r"\{figure:[^}]+\}", "FIGURE", text)
    bare = re.sub(r"`[^`]*`", "QUOTED", bare)  # what the API server, the scheduler or a command said
    bare = re.sub(r"ERROR \d+|\b[45]\d\d (?=[A-Z])", "CODE ", bare)  # of MySQL, of HTTP: names, not numbers
    for match in QUANTITY.finditer(bare):
        before = bare[max(0, match.start() - 3) : match.end()].strip()
        after = bare[match.start() : match.end() + 3].strip()
        if before not in literals() and after not in literals():
            yield bare[max(0, match.start() - 60) : match.end() + 40]
