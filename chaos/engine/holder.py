"""Who runs it, and since when, for whoever finds what a run left."""

from __future__ import annotations

import getpass
import platform
import secrets
from datetime import datetime
from typing import Any


def whose(started_at: datetime, namespace: str) -> dict[str, Any]:
    """Who runs it, for the journal's first line; the token tells two runs of the same second apart.

    Args:
        started_at: the run's beginning.
        namespace: that it works in.
    """
    return {
        "by": f"{user()} on {platform.node()}",
        "since": started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "namespace": namespace,
        "token": secrets.token_hex(8),
    }


def user() -> str:
    """Who started this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in many a container; KeyError: before Python 3.13
        return "somebody"
