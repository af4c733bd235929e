"""A program's standard input: a text, or what comes while it runs."""

from __future__ import annotations

import asyncio


class Input:
    """What commands read from, one after the other.

    Args:
        text: what is there already.
        closed: whether that is all.
    """

    def __init__(self, text: str = "", *, closed: bool = True) -> None:
        self._text = text
        self._closed = closed
        self._more = asyncio.Event()

    def feed(self, text: str) -> None:
        """More of it."""
        self._text += text
        self._more.set()

    def close(self) -> None:
        """That was all."""
        self._closed = True
        self._more.set()

    async def read(self) -> str:
        """All that is left, once it is closed."""
        while not self._closed:
            await self._wait()
        text, self._text = self._text, ""
        return text

    async def line(self) -> tuple[str, bool]:
        """The next line, and whether it had an end."""
        while not self._closed and "\n" not in self._text:
            await self._wait()
        line, newline, self._text = self._text.partition("\n")
        return line, bool(newline)

    async def _wait(self) -> None:
        await self._more.wait()
        self._more.clear()
