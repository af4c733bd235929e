"""Which journals were seen to leave nothing undone: they need not be read again before each run.

A file in the user's own state folder says so, beside the key, by what changes whenever a journal does: its inode, size
and times. That of the change (ctime) is the kernel's, so nobody who may write the journal can make it look as it did.
Where there is no such folder every journal is read.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from chaos.cluster.state import state_folder, write_own
from chaos.model.private import NOT_OURS, read_file

_FILE = "journals-over"
_MOST_BYTES = 16 << 20
_MOST_FOLDERS = 50
_Seen = tuple[int, ...]


class OverJournals:
    """Those below one folder.

    Args:
        reports: the folder.
    """

    def __init__(self, reports: Path) -> None:
        self._folder = str(reports.absolute())
        self._all = _load()
        self._known = set(self._all.get(self._folder, ()))
        self._over: set[_Seen] = set()

    @staticmethod
    def look(path: Path) -> _Seen:
        """Device, inode, size and times of a journal, to be taken before it is read; empty where that fails."""
        try:
            found = path.lstat()
        except OSError:
            return ()
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def has(self, seen: _Seen) -> bool:
        """Whether this very file was over when it was last read: unchanged, it still is."""
        if seen in self._known:
            self._over.add(seen)
        return seen in self._known

    def add(self, seen: _Seen) -> None:
        """Note one that was read, and is over."""
        if seen:
            self._over.add(seen)

    def keep(self) -> None:
        """Write it down, where anything is new."""
        if self._over == self._known:
            return
        others = {name: rows for name, rows in self._all.items() if name != self._folder}
        newest = dict([*others.items(), (self._folder, self._over)][-_MOST_FOLDERS:])
        with suppress(OSError, ValueError, RuntimeError):
            rows = {name: sorted(rows) for name, rows in newest.items()}
            # Beside the signing key. Where there is no such folder this fails, and nothing is remembered.
            write_own(state_folder() / _FILE, json.dumps(rows).encode())


def _load() -> dict[str, set[_Seen]]:
    try:
        found = json.loads(read_file(state_folder() / _FILE, _MOST_BYTES, linked=False))
        return {str(name): {tuple(map(int, row)) for row in rows} for name, rows in found.items()}
    except (OSError, RuntimeError, *NOT_OURS):  # RuntimeError: nobody knows where the home is
        return {}
