"""The journals that are kept on this machine, and what they leave undone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chaos.cluster.client import Cluster
from chaos.cluster.journal import FIX_PREFIX, Journal, is_unbegun
from chaos.cluster.journal_folder import find_journals
from chaos.cluster.mirror import is_outside
from chaos.cluster.signing import user_key
from chaos.engine.over import OverJournals
from chaos.errors import ChaosError, PreflightError, UsageError


@dataclass(frozen=True, slots=True)
class Open:
    """A change of something that no run made, which deleting does not undo.

    Attributes:
        recovery: the command that does.
        run: that made it.
    """

    change: str
    where: str
    recovery: str
    run: str = ""

    @property
    def what(self) -> str:
        """For people."""
        return self.change + (f" in namespace {self.where}" if self.where else "")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept below a folder.

    Attributes:
        unread: what looks like a journal and cannot be read, so that nobody knows what it says; and folders.
    """

    journals: list[Journal]
    unread: list[ChaosError]


async def is_about(cluster: Cluster, journal: Journal) -> bool:
    """Whether a journal is of a run on this cluster: ids hold a time, and two clusters may have runs of one second."""
    if journal.run.get("simulated"):
        return False
    try:
        return await cluster.is_the_one(journal.run["fingerprint"])
    except PreflightError:  # it names a namespace that is not here
        return False


def read_journals(reports: Path, over: OverJournals | None = None) -> Kept:
    """The journals below a folder.

    Args:
        reports: the folder.
        over: knows some that are over, which are not wanted.
    """
    key = user_key()
    paths, unseen = find_journals(reports)
    kept = Kept([], unseen)
    for path in paths:
        seen = OverJournals.look(path)
        if over is not None and over.has(seen):
            continue
        try:
            if is_unbegun(path):
                continue
            journal = Journal.load(path, key.data)
        except ChaosError as exc:
            kept.unread.append(exc)
            continue
        if over is None or journal.is_unfinished:
            kept.journals.append(journal)
        elif not key.missing:  # else it is read another time by the key that signed it
            over.add(seen)
    return kept


def unfinished_here(reports: Path) -> Kept:
    """Those below a folder that are not over, of any cluster; what was over when it was read is not read again."""
    over = OverJournals(reports)
    kept = read_journals(reports, over)
    over.keep()
    return kept


def open_changes(unfinished: Iterable[Journal]) -> list[Open]:
    """Changes that only their journal can take back."""
    return [
        Open(entry.change, entry.namespace, journal.recovery(), str(journal.run["id"]))
        for journal in unfinished
        for entry in journal.open_entries()
        if is_outside(entry)
    ]


async def unfinished_journals(cluster: Cluster, journals: Iterable[Journal]) -> list[Journal]:
    """Those of runs on this cluster that are over and have something left to undo, or lines that nobody can read."""
    found: list[Journal] = []
    key = user_key().data
    for journal in journals:
        if not journal.is_unfinished or journal.run["id"].startswith(FIX_PREFIX):
            continue
        if await is_about(cluster, journal) and not is_surely_live(journal):
            with contextlib.suppress(UsageError):  # it went away meanwhile: what it said counts
                journal.read_again(key)  # it may have undone all of it meanwhile
            found += [journal] * journal.is_unfinished
    return found


def is_surely_live(journal: Journal) -> bool:
    """Where its file cannot be locked, nobody can tell, and what it leaves open is better told than kept quiet."""
    with contextlib.suppress(PreflightError):
        return journal.is_live()
    return False


def damaged(unfinished: Iterable[Journal]) -> list[Open]:
    """What journals may say that nobody can read."""
    return [
        Open(f"what line {line.number} of {journal.path} says ({line.why})", "", journal.recovery(), journal.run["id"])
        for journal in unfinished
        for line in journal.unfit
    ]
