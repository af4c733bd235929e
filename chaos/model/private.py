"""Files of runs: they tell names and addresses of a cluster, so they are for their owner alone, whatever the umask.

They are made so, not changed afterwards. A run's folder that was made for others too (`--shared-reports`) has files
that others may read, also those that are written again later: the folder's mode says which it is.

Somebody else may write into the folder where runs are kept, as in /tmp: what lies in place of a file may be a pipe, a
device, or a link to a file of the user's own. None of them is waited for, read without end, or written through.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import partial
from pathlib import Path
from typing import IO, Any

_OWNER_FOLDER, _SHARED_FOLDER = 0o700, 0o755
_OWNER_FILE, _SHARED_FILE = 0o600, 0o644
_BY_OTHERS = 0o005  # read, and entered
_NO_FILE = "it is no regular file"
# What taking JSON for a document of this tool's can end with, where somebody else wrote it.
NOT_OURS = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


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
    opener = _open_shared if shared else partial(_open, mode=_OWNER_FILE)
    return open(path, mode, encoding=None if "b" in mode else "utf-8", opener=opener)


def read_file(path: Path, most_bytes: int = 1 << 32, *, linked: bool = True) -> bytes:
    """Read what is a file, and no larger than that.

    Args:
        path: of the file.
        most_bytes: how much of it there may be.
        linked: whether a link to a file will do; not where it is written to afterwards.

    Raises:
        OSError: it cannot be read, or is none.
    """
    flags = os.O_RDONLY if linked else os.O_RDONLY | os.O_NOFOLLOW
    with open(path, "rb", opener=lambda name, _: os.open(name, flags | os.O_NONBLOCK | os.O_CLOEXEC)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, _NO_FILE, str(path))
        data = file.read(most_bytes + 1) if status.st_size <= most_bytes else b""
    if status.st_size > most_bytes or len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than any that a run writes ({status.st_size} bytes)", str(path))
    return data


def _open(path: str, flags: int, mode: int) -> int:
    opened = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, mode=mode)
    if stat.S_ISFIFO(os.fstat(opened).st_mode):  # to be read and written it can be opened, by nobody else either
        os.close(opened)
        raise OSError(errno.EINVAL, _NO_FILE, path)
    return opened


def _open_shared(path: str, flags: int) -> int:
    """A file that is new is for others whatever the umask; one that is there stays as somebody made it."""
    is_new = not Path(path).exists()
    opened = _open(path, flags, mode=_SHARED_FILE)
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
