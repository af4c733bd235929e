"""How help looks: panels at a terminal; elsewhere plain text, of which nothing is shortened."""

from __future__ import annotations

import sys
from typing import Any

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


def markup() -> Any:
    """Typer's mode for this process."""
    return "markdown" if sys.stdout.isatty() else None
