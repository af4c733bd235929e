"""The stream of lines that a session talks over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class LineStream(Protocol):
    """Lines to and from an agent; `chaos.cluster.exec.ExecStream` is one.

    Attributes:
        bytes_sent: all that went over it, both counted as its transport counts them.
    """

    bytes_sent: int
    bytes_received: int

    async def send(self, line: bytes) -> None:
        """Send one line at once.

        Raises:
            ApiError: the stream is cut.
        """

    def lines(self) -> AsyncIterator[tuple[float, bytes]]:
        """(instant of receipt by the loop's clock, line) until the stream ends."""

    def why(self) -> str:
        """Why it ended, for people; empty while it is open."""

    async def close(self) -> None:
        """End it; returns soon whatever the other side does."""
