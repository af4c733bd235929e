"""What a program gets, and what it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from chaos.sandbox.containers.inside import Inside
from chaos.sandbox.containers.programs.input import Input


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a program.

    Attributes:
        argv: its name and arguments.
        environment: of this run.
        stdin: its standard input.
        out: takes what it writes to its standard output, text with its newlines.
        err: the same for its standard error.
        serve: runs a server in the foreground; None in what is run by exec.
    """

    inside: Inside
    argv: tuple[str, ...]
    environment: dict[str, str]
    stdin: Input
    out: Callable[[str], None]
    err: Callable[[str], None]
    serve: Serve | None = None

    @property
    def name(self) -> str:
        """Without its folder."""
        return self.argv[0].rpartition("/")[2]


# Runs to its end and returns the exit code. Cancelling it is SIGKILL.
Program = Callable[[Call], Awaitable[int]]

# Call of a server, whether it takes the shell's place (`exec`) → its exit code; None where it is no server.
Serve = Callable[[Call, bool], Coroutine[Any, Any, int] | None]
