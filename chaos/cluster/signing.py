"""The user's key, by which a journal that is read back is known as one that this user's runs wrote.

It lies in the user's state folder, which nobody else may read or change; where that cannot be had, as in a container
with a read-only home, journals are unsigned, and believed only as far as the cluster agrees.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from chaos.cluster.state import make_state_folder, read_own, state_folder, told

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
        if make:
            _make_key(make_state_folder())
        return Key(_read(state_folder() / _FILE))
    except (OSError, RuntimeError, ValueError) as exc:
        return Key(missing=told(exc))


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
    data = read_own(path, _BYTES + 1)
    if len(data) != _BYTES:
        raise ValueError(f"{path} is no key")
    return data
