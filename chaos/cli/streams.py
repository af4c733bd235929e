"""The standard streams of a command: what cannot be written must not end a run, nor change what it found.

All that is printed, by whatever library, goes through `sys.stdout` and `sys.stderr`; so they are replaced here, once,
by streams that never raise. A reader that has left (`chaos list | head -1`) is nobody's mistake and nothing is said of
it; any other failure, such as a full disk, is told at the end.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from chaos.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class SteadfastFile(io.FileIO):
    """A file that takes whatever is written; after the first failure it throws away the rest.

    Attributes:
        failure: the first one; None while all was written.
    """

    failure: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write it, or throw it away."""
        size = memoryview(data).nbytes
        if self.failure is not None:
            return size
        try:
            while (written := super().write(data)) is None:  # somebody made a shared terminal non-blocking
                select.select([], [self], [])
        except OSError as exc:
            self.failure = exc
            return size
        return written


class Streams:
    """The replaced streams of this process.

    Raises:
        UsageError: stdout is closed. That is known before anything is done, so nothing is.
    """

    def __init__(self) -> None:
        if sys.stdin is None:
            sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for the whole process
        if sys.stderr is None:
            sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - likewise
        else:
            sys.stderr, _ = _replaced(sys.stderr)
        if sys.stdout is None:
            raise UsageError(
                "stdout is closed, so what was found could not be told, and nothing was done",
                hint="to throw it away: > /dev/null",
            )
        sys.stdout, self._out = _replaced(sys.stdout)

    def failure(self) -> UsageError | None:
        """What kept stdout from being written; None where all was, or its reader had left."""
        sys.stdout.flush()
        found = self._out.failure
        if found is None or found.errno in (errno.EPIPE, errno.ECONNRESET):
            return None
        return UsageError(
            f"stdout could not be written: {found.strerror}",
            hint="what is there is incomplete; write it elsewhere",
        )


def _replaced(stream: TextIO) -> tuple[TextIO, SteadfastFile]:
    """A stream in place of that one, for the same open file."""
    stream.flush()
    file = SteadfastFile(stream.fileno(), "w", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding,
        errors="replace",  # a character that the terminal lacks
        line_buffering=file.isatty(),
    )
    return text, file
