"""Where a command's output goes and its input comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chaos.sandbox.containers.files import Files
from chaos.sandbox.containers.programs.input import Input
from chaos.sandbox.containers.script.errors import UnsupportedShellError

Sink = Callable[[str], None]
_STDOUT, _STDERR = 1, 2


@dataclass(frozen=True, slots=True)
class Streams:
    """The three standard ones."""

    stdin: Input
    out: Sink
    err: Sink

    def redirected(self, fd: int, operator: str, target: str, files: Files) -> Streams:
        """These, with one of them elsewhere.

        Raises:
            FileNotFoundError: an input that does not exist.
            UnsupportedShellError: more than the three standard streams.
        """
        if fd > _STDERR or operator == "<&":
            raise UnsupportedShellError(f"the sandbox's shell does not know the redirection {fd}{operator}{target}")
        if operator in ("<<", "<<<"):
            return replace(self, stdin=Input(target + ("\n" if operator == "<<<" else "")))
        if operator == "<":
            text = files.read(target)
            if text is None:
                raise FileNotFoundError(target)
            return replace(self, stdin=Input(text))
        if operator == "&>":
            sink = self._file(target, files, append=False)
            return replace(self, out=sink, err=sink)
        if operator == ">&":
            sinks = {"1": self.out, "2": self.err}
            if target not in sinks:
                raise UnsupportedShellError(f"the sandbox's shell does not know the redirection {fd}>&{target}")
            sink = sinks[target]
        else:
            sink = self._file(target, files, append=operator == ">>")
        return replace(self, out=sink) if fd == _STDOUT else replace(self, err=sink)

    def _file(self, path: str, files: Files, *, append: bool) -> Sink:
        if path in ("/dev/stdout", "/proc/1/fd/1"):
            return self.out
        if path == "/dev/stderr":
            return self.err
        if not append:
            files.write(path, "")
        return lambda text: files.write(path, text, append=True)
