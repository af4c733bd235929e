"""One line of what `chaos doctor` says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from chaos.errors import ApiError


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"  # the main experiment cannot run because of it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Examined:
    """One line.

    Attributes:
        what: was looked at.
        found: there.
        advice: what to do; empty where nothing is to be done.
    """

    status: Status
    what: str
    found: str
    advice: str = ""


async def asked(what: str, look: Callable[[], Awaitable[Examined]]) -> Examined:
    """A look that may be forbidden: then nothing is known."""
    try:
        return await look()
    except ApiError as exc:
        return Examined(Status.UNKNOWN, what, exc.message, exc.hint)
