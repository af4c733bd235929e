"""Files of runs: they tell names and addresses of a cluster, so they are for their owner alone, whatever the umask.

They are made so, not changed afterwards. A run's folder that was made for others too (`--shared-reports`) has files
that others may read, also those that are written again later: the folder's mode says which it is.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import IO, Any

_OWNER_FOLDER, _SHARED_FOLDER = 0o700, 0o755
_OWNER_FILE, _SHARED_FILE = 0o600, 0o644
_BY_OTHERS = 0o005  # read, and entered


def make_folder(folder: Path, *, shared: bool, exist_ok: bool = False) -> None:
    """Make a run's folder; those above it that are missing tell nothing but names of experiments and times.

    Args:
        folder: to be made.
        shared: whether others may read it.
        exist_ok: whether it may be there already; it stays as it is then.

    Raises:
        OSError: it cannot be made.
    """
    for above in reversed(folder.parents):
        if not above.exists():
            above.mkdir(mode=_SHARED_FOLDER, exist_ok=True)
    try:
        folder.mkdir(mode=_OWNER_FOLDER)
    except FileExistsError:
        if not (exist_ok and folder.is_dir()):
            raise
        return
    if shared:
        folder.chmod(_SHARED_FOLDER)


def open_file(path: Path, mode: str) -> IO[Any]:
    """Open a file of a run's folder for writing; text is UTF-8.

    Raises:
        OSError: it cannot be opened.
    """
    shared = path.parent.stat().st_mode & _BY_OTHERS == _BY_OTHERS
    opener = _open_shared if shared else partial(os.open, mode=_OWNER_FILE)
    return open(path, mode, encoding=None if "b" in mode else "utf-8", opener=opener)


def _open_shared(path: str, flags: int) -> int:
    """A file that is new is for others whatever the umask; one that is there stays as somebody made it."""
    is_new = not Path(path).exists()
    opened = os.open(path, flags, mode=_SHARED_FILE)
    if is_new:
        os.fchmod(opened, _SHARED_FILE)
    return opened


def write_text(path: Path, text: str) -> None:
    """Write a file of a run's folder.

    Raises:
        OSError: it cannot be written.
    """
    with open_file(path, "w") as file:
        file.write(text)
