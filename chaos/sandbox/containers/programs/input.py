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


class NoTerminalError(RuntimeError):
    """Somebody would have to type at a terminal; the message names the form that works."""


class Terminal(Input):
    """A terminal, which the sandbox has not: a program that writes to it never notices, one that reads is refused.

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
