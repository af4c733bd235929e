"""How help looks: panels at a terminal that has room for them; elsewhere plain text, of which nothing is shortened."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


# Columns; in less than these the panels of `chaos run -h` cut names of options and of variables.
_PANELS_NEED = 100


def markup() -> Any:
    """Typer's mode for this process."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return None
    return "markdown" if shutil.get_terminal_size().columns >= _PANELS_NEED else None
