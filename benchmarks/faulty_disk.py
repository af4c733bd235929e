"""A disk on which one write, or all from one on, fails: below one folder, for this process."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

KINDS = ("ENOSPC", "EIO", "EACCES", "short write", "full from then on")
# Each changes what is on the disk, or waits until it is there.
_CALLS = ("fsync", "write", "mkdir", "rename", "replace", "link", "unlink", "chmod", "fchmod")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class FaultyDisk:
    """Takes the place of what opens and writes files.

    Args:
        below: the folder whose files it is about.
        at: which operation fails, from 1; 0: none.
        kind: of the failure, of `KINDS`.
    """

    def __init__(self, below: Path, at: int, kind: str) -> None:
        self._below, self._at, self._kind = str(below.resolve()), at, kind
        self._is_short: set[int] = set()  # descriptors whose next write fails
        self._open, self._os_open = io.open, os.open
        self._before: dict[str, Callable[..., Any]] = {}
        self.operations = 0
        self.failed = ""  # what failed first

    def install(self) -> None:
        """From now on."""
        io.open = builtins.open = self.open
        os.open = self.os_open
        for name in _CALLS:
            self._before[name] = getattr(os, name)
            setattr(os, name, self._counted(name, self._before[name]))

    def remove(self) -> None:
        """No longer."""
        io.open = builtins.open = self._open
        os.open = self._os_open
        for name, call in self._before.items():
            setattr(os, name, call)

    def _path(self, file: object) -> str:
        if isinstance(file, int):
            try:
                return str(Path(f"/proc/self/fd/{file}").readlink())
            except OSError:
                return ""
        return str(Path(os.fsdecode(file)).absolute()) if isinstance(file, str | bytes | os.PathLike) else ""

    def step(self, what: str, file: object) -> None:
        """One operation.

        Raises:
            OSError: it fails.
        """
        path = self._path(file)
        if not path.startswith(self._below):
            return
        self.operations += 1
        if self.operations == self._at or (self._kind == "full from then on" and 0 < self._at < self.operations):
            self.fail(what, path)

    def fail(self, what: str, path: str) -> None:
        """Raises OSError."""
        self.failed = self.failed or f"{what} {path.removeprefix(self._below)}"
        number = {"EIO": errno.EIO, "EACCES": errno.EACCES}.get(self._kind, errno.ENOSPC)
        raise OSError(number, os.strerror(number), path)

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(first: Any, *args: Any, **more: Any) -> Any:
            self.step(name, first)
            return call(first, *args, **more)

        return counted

    def os_open(self, path: Any, flags: int, *args: Any, **more: Any) -> int:
        """In place of `os.open`."""
        if flags & _WRITES:
            self.step("open", path)
        return self._os_open(path, flags, *args, **more)

    def open(self, file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        """In place of `open`, with files that may be cut short."""
        if not set(mode) & set("wax+") or not self._path(file).startswith(self._below):
            return self._open(file, mode, *args, **more)
        if not isinstance(file, int) and "opener" not in more:
            self.step("open", file)
        raw = _File(
            self, file, mode.replace("b", "").replace("t", ""), more.pop("closefd", True), more.pop("opener", None)
        )
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding=more.get("encoding"))

    def written(self, file: _File, data: Any, write: Callable[[Any], int | None]) -> int | None:
        """One write of a file."""
        if file.fileno() in self._is_short:
            self._is_short.discard(file.fileno())
            self.fail("the rest of a write to", self._path(file.fileno()))
        if self._kind != "short write" or self.operations + 1 != self._at:
            self.step("write", file.fileno())
            return write(data)
        self.operations += 1
        self._is_short.add(file.fileno())
        return write(bytes(data)[: max(1, len(data) // 2)])


class _File(io.FileIO):
    def __init__(self, disk: FaultyDisk, file: Any, mode: str, closefd: bool, opener: Any) -> None:
        self._disk = disk
        super().__init__(file, mode, closefd=closefd, opener=opener)

    def write(self, data: Any) -> int | None:  # type: ignore[override]
        return self._disk.written(self, data, super().write)
