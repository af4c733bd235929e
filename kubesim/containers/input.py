"""A program's standard input: a text, or what comes while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_ROOM = 64 * 1024  # of a pipe: https://man7.org/linux/man-pages/man7/pipe.7.html


class BrokenPipe(Exception):  # noqa: N818 - not an error: it is how a writer is told that nobody reads
    """Nobody reads any more."""


class Input:
    """What commands read from, one after the other; also a pipe, into which another command writes.

    Args:
        text: what is there already.
        closed: whether that is all.
        hold: is told how much more is kept here.
    """

    def __init__(self, text: str = "", *, closed: bool = True, hold: Callable[[int], None] = lambda _: None) -> None:
        self._text = text
        self._at = 0
        self._new: list[str] = []
        self._kept = len(text)
        self._closed = closed
        self._abandoned = self._wants_all = False
        self._hold = hold
        self._more = asyncio.Event()
        self._less = asyncio.Event()

    def feed(self, text: str) -> None:
        """More of it.

        Raises:
            BrokenPipe: it was abandoned.
        """
        if self._abandoned:
            raise BrokenPipe
        self._hold(len(text))
        self._new.append(text)
        self._kept += len(text)
        self._more.set()

    def close(self) -> None:
        """That was all."""
        self._closed = True
        self._more.set()

    def abandon(self) -> None:
        """Nobody will read it."""
        self._abandoned = True
        self._taken(self._kept)
        self._text, self._at, self._new = "", 0, []

    async def room(self) -> None:
        """Wait until a pipe of the usual size would take more, or nobody reads."""
        while self._kept > _ROOM and not self._abandoned and not self._wants_all:
            self._less.clear()
            await self._less.wait()

    async def read(self) -> str:
        """All that is left, once it is closed; meanwhile its reader keeps what comes."""
        self._wants_all = True
        self._less.set()
        while not self._closed:
            await self._wait()
        return self._take(len(self._all()))

    async def up_to(self, count: int) -> str:
        """So many characters, or fewer where it ends before."""
        self._wants_all = True
        self._less.set()
        while not self._closed and self._kept < count:
            await self._wait()
        self._wants_all = False
        return self._take(min(len(self._all()), self._at + count))

    async def line(self) -> tuple[str, bool]:
        """The next line, and whether it had an end."""
        while (end := self._all().find("\n", self._at)) < 0 and not self._closed:
            await self._wait()
        if end < 0:
            return self._take(len(self._text)), False
        return self._take(end + 1)[:-1], True

    async def some(self) -> str:
        """What is there, once there is something; empty at the end."""
        while not self._closed and not self._kept:
            await self._wait()
        return self._take(len(self._all()))

    def _all(self) -> str:
        if self._new:
            self._text = self._text[self._at :] + "".join(self._new)
            self._at, self._new = 0, []
        return self._text

    def _take(self, end: int) -> str:
        text, self._at = self._text[self._at : end], end
        self._taken(len(text))
        return text

    def _taken(self, count: int) -> None:
        if count:
            self._kept -= count
            self._hold(-count)
            self._less.set()

    async def _wait(self) -> None:
        await self._more.wait()
        self._more.clear()


class NoTerminalError(RuntimeError):
    """Somebody would have to type at a terminal; the message names the form that works."""


class Terminal(Input):
    """A terminal, which kubesim has not: a program that writes to it never notices, one that reads is refused.

    Reading raises `NoTerminalError`, whatever was typed.
    """

    def __init__(self, pod: str) -> None:
        super().__init__(closed=False)
        self._pod = pod

    def feed(self, text: str) -> None:
        """What is typed reaches nobody."""

    def close(self) -> None:
        """A shell whose terminal is hung up is refused as well, lest it end as if all were well."""

    async def _wait(self) -> None:
        raise NoTerminalError(no_terminal(self._pod))


def no_terminal(pod: str) -> str:
    """What to do instead."""
    return (
        f"the sandbox has no terminal to type at: name the command, as in `kubectl exec {pod} -- COMMAND`, or pipe a "
        f"script into `kubectl exec -i {pod} -- sh`; for a new pod `kubectl run NAME --image=IMAGE --restart=Never -- "
        "COMMAND`, then `kubectl logs NAME`"
    )
