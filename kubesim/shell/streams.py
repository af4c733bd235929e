"""Where a command's output goes and its input comes from."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from kubesim.containers.files import Files
from kubesim.containers.input import Input
from kubesim.shell.errors import UnsupportedShellError

Sink = Callable[[str], None]
_STDOUT, _STDERR = 1, 2


@dataclass(frozen=True, slots=True)
class Streams:
    """The three standard ones; `room` waits until the pipe that is the output takes more."""

    stdin: Input
    out: Sink
    err: Sink
    room: Callable[[], Awaitable[None]] | None = None

    def redirected(self, fd: int, operator: str, target: str, files: Files, folder: str) -> Streams:
        """These, with one of them elsewhere; paths are relative to `folder`.

        Raises:
            FileNotFoundError: an input that does not exist.
            UnsupportedShellError: more than the three standard streams.
        """
        if fd > _STDERR or operator == "<&":
            raise UnsupportedShellError(f"the sandbox's shell does not know the redirection {fd}{operator}{target}")
        if operator in ("<<", "<<<"):
            return replace(self, stdin=Input(target + ("\n" if operator == "<<<" else "")))
        if operator == "<":
            text = files.read(posixpath.join(folder, target))
            if text is None:
                raise FileNotFoundError(target)
            return replace(self, stdin=Input(text))
        if operator == "&>":
            sink = self._file(posixpath.join(folder, target), files, append=False)
            return replace(self, out=sink, err=sink, room=None)
        if operator == ">&":
            sinks = {"1": self.out, "2": self.err}
            if target not in sinks:
                raise UnsupportedShellError(f"the sandbox's shell does not know the redirection {fd}>&{target}")
            sink = sinks[target]
        else:
            sink = self._file(posixpath.join(folder, target), files, append=operator == ">>")
        return replace(self, out=sink, room=None) if fd == _STDOUT else replace(self, err=sink)

    def _file(self, path: str, files: Files, *, append: bool) -> Sink:
        if path in ("/dev/stdout", "/proc/1/fd/1"):
            return self.out
        if path == "/dev/stderr":
            return self.err
        if not append:
            files.write(path, "")
        return lambda text: files.write(path, text, append=True)
