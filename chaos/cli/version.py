"""`chaos version`."""

from __future__ import annotations

import json

from chaos import __version__
from chaos.options.output import FormatOptions


def show_version(told: FormatOptions) -> int:
    """Print it."""
    print(json.dumps({"version": __version__}) if told.as_json else f"chaos-identity {__version__}")
    return 0
