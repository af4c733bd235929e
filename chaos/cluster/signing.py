"""The user's key, by which a journal that is read back is known as one that this user's runs wrote.

It lies in the user's state folder, which nobody else may read or change; where that cannot be had, as in a container
with a read-only home, journals are unsigned, and believed only as far as the cluster agrees.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

_BYTES = 32
_FILE = "journal-key"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or why there is none.

    Attributes:
        data: empty where there is none.
        missing: why, as half a sentence.
    """

    data: bytes = b""
    missing: str = ""


def user_key(*, make: bool = False) -> Key:
    """The user's key.

    Args:
        make: whether one is made where there is none.
    """
    try:
        folder = state_folder()
        if make:
            _make_folder(folder)
            _make_key(folder)
        return Key(_read(folder / _FILE))
    except (OSError, RuntimeError, ValueError) as exc:  # RuntimeError: nobody knows where the home is
        return Key(missing=(exc.strerror if isinstance(exc, OSError) else "") or str(exc))


def state_folder() -> Path:
    """This user's, of this tool.

    Raises:
        RuntimeError: nobody knows where the home is.
    """
    named = os.environ.get("XDG_STATE_HOME", "")
    base = Path(named) if named.startswith("/") else Path.home() / ".local" / "state"
    return base / "chaos-identity"


def _make_folder(folder: Path) -> None:
    """Raises ValueError: its home is somebody else's, as under sudo: what root makes there its owner could not use."""
    there = next(parent for parent in folder.parents if parent.exists())
    if there.stat().st_uid != os.geteuid() and not folder.exists():
        raise ValueError(f"{there} belongs to another user")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)


def _make_key(folder: Path) -> None:
    """In one step: whoever comes second takes the key of the first."""
    path = folder / _FILE
    if path.exists() or path.is_symlink():
        return
    new = folder / f".{_FILE}-{secrets.token_hex(8)}"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    """Raises ValueError: others could have it, or it is none."""
    _refuse_open_to_others(path.parent.stat(), path.parent)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path} is no regular file")
        _refuse_open_to_others(status, path)
        data = file.read(_BYTES + 1)
    if len(data) != _BYTES:
        raise ValueError(f"{path} is no key")
    return data


def _refuse_open_to_others(status: os.stat_result, path: Path) -> None:
    if status.st_uid != os.geteuid():
        raise ValueError(f"{path} belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ValueError(f"others may use {path}: chmod go= {path}")
