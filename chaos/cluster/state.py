"""The user's state folder, which nobody else may read or change."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path


def state_folder() -> Path:
    """Where it is; whether it exists is another question.

    Raises:
        RuntimeError: nobody knows where the home is.
    """
    named = os.environ.get("XDG_STATE_HOME", "")
    base = Path(named) if named.startswith("/") else Path.home() / ".local" / "state"
    return base / "chaos-identity"


def make_state_folder() -> Path:
    """The same, made where it is not there.

    Raises:
        ValueError: its home is somebody else's, as under sudo: what root makes there its owner could not use; or others
            may use it.
        OSError: it cannot be made.
    """
    folder = state_folder()
    there = next(parent for parent in folder.parents if parent.exists())
    if there.stat().st_uid != os.geteuid() and not folder.exists():
        raise ValueError(f"{there} belongs to another user")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    refuse_open_to_others(folder.stat(), folder)
    return folder


def read_own(path: Path, most: int) -> bytes:
    """A file of it, which is a regular one that only the user may read or change.

    Raises:
        ValueError: it is not.
        OSError: it is not there, or cannot be read.
    """
    refuse_open_to_others(path.parent.stat(), path.parent)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path} is no regular file")
        refuse_open_to_others(status, path)
        return file.read(most)


def write_own(path: Path, data: bytes, *, first: bool = False) -> None:
    """A file of it, in one step.

    Args:
        path: of the file.
        data: that it has.
        first: whether what is there already stays: whoever comes second takes that; else it is replaced.

    Raises:
        OSError: it cannot be written; then what was is still there.
    """
    new = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not first:
            new.replace(path)
            return
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


def refuse_open_to_others(status: os.stat_result, path: Path) -> None:
    """Raises ValueError: others could have it."""
    if status.st_uid != os.geteuid():
        raise ValueError(f"{path} belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ValueError(f"others may use {path}: chmod go= {path}")


def told(exc: Exception) -> str:
    """Why it cannot be used, as half a sentence."""
    return (exc.strerror if isinstance(exc, OSError) else "") or str(exc)
