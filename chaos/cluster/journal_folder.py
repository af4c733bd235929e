"""The journals below a folder, which may be anybody's by now: what cannot be looked into is told, not passed over."""

from __future__ import annotations

import errno
import os
from collections import deque
from pathlib import Path

from chaos.cluster.journal import JOURNAL
from chaos.errors import ChaosError, UsageError

# EXPERIMENT/TIME: so deep a link to another disk is followed, as `chaos runs` does; it may lead anywhere.
_RUNS_DEPTH = 2
# Of the file system itself, for root alone; what a whole volume is kept for has it beside the runs.
_NO_RUNS = "lost+found"
_SHOWN = 300


def find_journals(reports: Path) -> tuple[list[Path], list[ChaosError]]:
    """Where they are, in order, each once; and of what nobody knows whether one is there."""
    looking = _Looking()
    looking.below(reports)
    return sorted(looking.found.values()), looking.unseen


class _Looking:
    """One look: neither deep folders nor links in circles end it."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, int], Path] = {}  # by what they are on the disk
        self.unseen: list[ChaosError] = []
        self._seen: set[tuple[int, int]] = set()
        self._folders: deque[tuple[Path, int]] = deque()
        self._linked: deque[tuple[Path, int]] = deque()  # last, so that a run is known by its own place

    def below(self, reports: Path) -> None:
        self._folders.append((reports, 0))
        while self._folders or self._linked:
            through_link = not self._folders
            folder, depth = (self._linked if through_link else self._folders).popleft()
            try:
                self._look_into(folder, depth, through_link=through_link)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it went away meanwhile
            except OSError as exc:
                self.unseen.append(_unseen(folder, exc))

    def _look_into(self, folder: Path, depth: int, *, through_link: bool) -> None:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in self._seen:
            return
        self._seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as rows:
            for row in rows:
                path = folder / row.name
                try:  # one that leads nowhere must not keep the others from being seen
                    self._look_at(row, path, depth, through_link=through_link)
                except FileNotFoundError:
                    continue  # it went away meanwhile
                except OSError as exc:
                    if exc.errno != errno.ELOOP:  # there is nothing where a link leads to itself
                        self.unseen.append(_unseen(path, exc))

    def _look_at(self, row: os.DirEntry[str], path: Path, depth: int, *, through_link: bool) -> None:
        if row.name == JOURNAL:
            here = row.stat(follow_symlinks=False)
            self.found.setdefault((here.st_dev, here.st_ino), path)
        elif row.is_dir(follow_symlinks=False) and not through_link:
            if row.name != _NO_RUNS:
                self._folders.append((path, depth + 1))
        elif depth < _RUNS_DEPTH and (row.is_symlink() or through_link) and row.is_dir():
            self._linked.append((path, depth + 1))


def _unseen(folder: Path, why: OSError) -> UsageError:
    return UsageError(
        f"{_short(folder)} cannot be looked into ({why.strerror}), so nobody knows of the runs in it",
        hint="do this again as somebody who may; what holds no runs is better kept elsewhere",
    )


def _short(folder: Path) -> str:
    """A path may be as long as somebody likes."""
    text = str(folder)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
