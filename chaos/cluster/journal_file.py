"""A journal's file: read as what anybody may have put there, and held by one process at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from chaos.cluster.line import is_beginning
from chaos.errors import UsageError
from chaos.model.private import read_file

# Above what a run of days writes.
_MOST_BYTES = 64 << 20
_MOST_LINES = 300_000
_FIRST_LINE_BYTES = 1 << 20


def keep_name(folder: Path) -> None:
    """Have the folder itself on the disk: a file whose name is lost is lost. Not all file systems can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def lock(path: Path) -> int | None:
    """A file descriptor that holds the lock of a journal; None where somebody else holds it.

    A file system without locks gives a descriptor without one: then nobody can tell, and recovering is the safer guess.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags)  # some file systems lock only what is open for writing
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        return descriptor
    return descriptor


def is_held(descriptor: int) -> bool:
    """Whether what `lock` gave holds a lock, so that it was known whether anybody else does."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read(path: Path) -> bytes:
    """Raises UsageError: it cannot be read, or is no file that a run wrote."""
    try:
        data = read_file(path, _MOST_BYTES, linked=False)
    except OSError as exc:
        why = "it is a link" if exc.errno == errno.ELOOP else exc.strerror
        raise UsageError(f"the journal {path} cannot be read: {why}") from exc
    if data.count(b"\n") > _MOST_LINES:  # each that is none costs time and memory
        raise UsageError(f"the journal {path} cannot be read: it has more lines than any that a run writes")
    return data


def is_unbegun(path: Path) -> bool:
    """Whether its run had not written its first line, which is on the disk before anything is changed."""
    try:
        data = read_file(path, _FIRST_LINE_BYTES, linked=False)
    except OSError:  # what is wrong with it is told by those who read it
        return False
    return b"\n" not in data and (not data.strip(b"\x00") or is_beginning(data))
