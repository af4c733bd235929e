"""What a program gets, and what it is."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kubesim.containers.inside import Inside
from kubesim.containers.programs.input import Input


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a program.

    Attributes:
        argv: its name and arguments.
        environment: of this run.
        stdin: its standard input.
        out: takes what it writes to its standard output, text with its newlines.
        err: the same for its standard error.
        pid: of its process; 1 for the container's first one.
        folder: its working directory.
        serve: runs a server in this process; None in what is run by exec.
        room: waits until the pipe behind `out` takes more; None where there is no pipe.
    """

    inside: Inside
    argv: tuple[str, ...]
    environment: dict[str, str]
    stdin: Input
    out: Callable[[str], None]
    err: Callable[[str], None]
    pid: int
    folder: str = "/"
    serve: Serve | None = None
    room: Callable[[], Awaitable[None]] | None = None

    @property
    def name(self) -> str:
        """Without its folder."""
        return self.argv[0].rpartition("/")[2]

    def path(self, word: str) -> str:
        """A path as it is without the working directory."""
        return posixpath.normpath(posixpath.join(self.folder, word))


# Runs to its end and returns the exit code. Cancelling it is SIGKILL.
Program = Callable[[Call], Awaitable[int]]

# Call of a server → its exit code.
Serve = Callable[[Call], Awaitable[int]]
