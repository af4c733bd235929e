"""The user's key, by which a journal that is read back is known as one that this user's runs wrote.

It lies in the user's state folder, which nobody else may read or change; where that cannot be had, as in a container
with a read-only home, journals are unsigned, and believed only as far as the cluster agrees.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from chaos.cluster.state import make_state_folder, read_own, state_folder, told, write_own

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
    path = folder / _FILE
    if not path.exists() and not path.is_symlink():
        write_own(path, secrets.token_bytes(_BYTES), first=True)


def _read(path: Path) -> bytes:
    """Raises ValueError: others could have it, or it is none."""
    data = read_own(path, _BYTES + 1)
    if len(data) != _BYTES:
        raise ValueError(f"{path} is no key")
    return data
