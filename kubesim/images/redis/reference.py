"""What a real Redis 7.0.15 says of itself: its settings, and its commands with their arity.

Recorded by `tests/kubesim/redis/capture_real_replies.py`; ``protected-mode`` is off, as the official image is built.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

VERSION = "7.0.15"


@cache
def _reference() -> dict[str, Any]:
    text = (Path(__file__).parent / "reference.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def default_settings() -> dict[str, str]:
    """Every setting with its value where nothing is configured."""
    return dict(_reference()["settings"])


def arities() -> dict[str, int]:
    """Command → how many words it has, itself included; negative: at least so many. Subcommands as ``config|get``."""
    known: dict[str, int] = _reference()["commands"]
    return known


def command_count() -> int:
    """What COMMAND COUNT says."""
    return sum("|" not in name for name in arities())
