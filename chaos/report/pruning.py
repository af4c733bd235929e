"""Removes folders of past runs: file by file, by names that runs write, through descriptors that no link leads to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.cluster.journal import JOURNAL, Journal, is_unbegun
from chaos.cluster.signing import user_key
from chaos.errors import InconclusiveError, PreflightError, RollbackError, UsageError
from chaos.report.document import INCOMPLETE
from chaos.report.retention import COPY, KeptRun, opened, recognised, run_files

# A run that is under way writes every second.
_SILENT_S = 600.0


def check_prunable(run: KeptRun, now_s: float) -> None:
    """Whether it may go.

    Raises:
        ChaosError: says why it stays.
    """
    with _held(run, now_s):
        pass


def prune(reports: Path, run: KeptRun, now_s: float) -> int:
    """Remove the folder of a run, which is looked at once more before.

    Returns:
        Bytes that were in its files.

    Raises:
        ChaosError: it stays, and why; an `InconclusiveError` where it could not be removed.
    """
    with opened(reports, run.folder) as folder:
        now = recognised(run.folder, folder)
        with _held(now, now_s):
            try:
                _empty(folder)
                _remove_folder(reports, run.folder)
            except OSError as exc:
                raise InconclusiveError(f"it could not be removed, or not all of it: {exc.strerror}") from exc
    return now.size


def _empty(folder: int) -> None:
    names = [name for name, _ in run_files(folder)]
    copied = [name for name in names if name.startswith(f"{COPY}/")]
    if COPY in os.listdir(folder):
        copy = os.open(COPY, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            for name in copied:
                os.unlink(name.removeprefix(f"{COPY}/"), dir_fd=copy)
        finally:
            os.close(copy)
        os.rmdir(COPY, dir_fd=folder)
    for name in names:
        if name not in copied:
            os.unlink(name, dir_fd=folder)


def _remove_folder(reports: Path, folder: Path) -> None:
    with opened(reports, folder.parent) as above:
        os.rmdir(folder.name, dir_fd=above)


@contextmanager
def _held(run: KeptRun, now_s: float) -> Iterator[None]:
    """Hold the journal while the folder is removed, and make sure that nothing is left to undo.

    Raises:
        RollbackError: something is.
        PreflightError: it is under way, or nobody can tell.
    """
    if run.outcome == INCOMPLETE and now_s - run.written_s < _SILENT_S:
        raise PreflightError("it seems to be under way: it has not ended, and was written to minutes ago")
    path = run.folder / JOURNAL
    if not path.exists() or is_unbegun(path):
        yield
        return
    try:
        journal = Journal.load(path, user_key().data)
    except UsageError as exc:
        hint = f"{shlex.join(['chaos', 'recover', str(run.folder.absolute())])} tries what it can"
        raise RollbackError(f"nobody can tell what is to be undone: {exc.message}", hint=hint) from exc
    if not journal.claim():
        raise PreflightError("it is under way, or is being recovered")
    try:
        _check_undone(run, Journal.load(path, user_key().data))
        yield
    finally:
        journal.close()


def _check_undone(run: KeptRun, journal: Journal) -> None:
    if run.simulated and journal.run.get("simulated"):
        return  # which leaves nothing behind
    if journal.open_entries():
        raise RollbackError(
            f"something is to be undone from it: {journal.open_entries()[0].change}", hint=journal.recovery()
        )
    if journal.unfit:
        raise RollbackError("not all of its journal can be read, so more may be to be undone", hint=journal.recovery())
