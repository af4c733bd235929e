"""What a command in a container did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Executed:
    """What a command did.

    Attributes:
        code: its exit code.
        stdout: its lines, joined by newlines.
        stderr: the last few kilobytes.
        took_s: from the request to its end.
    """

    code: int
    stdout: str
    stderr: str
    took_s: float
