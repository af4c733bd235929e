"""A sample of `benchmarks.disk_errors`: a journal on a disk that fails at each of its operations."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faulty_disk import KINDS, FaultyDisk
from chaos.cluster.journal import JOURNAL, Journal, is_unbegun
from chaos.errors import InconclusiveError


def written(folder: Path, disk: FaultyDisk) -> tuple[int, bool]:
    """Write one; returns how many changes were said to be written down, and whether it went well."""
    done = 0
    disk.install()
    try:
        journal = Journal.start(folder, {"id": "r1", "fingerprint": "f"}, b"k" * 32)
        for name in ("a", "b"):
            entry = journal.intend(change=f"create Service {name}", undo="delete", kind="Service", name=name)
            done += 1
            journal.update(entry, "done", "uid")
        journal.close()
    except InconclusiveError:
        return done, False
    finally:
        disk.remove()
    return done, True


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_fails_is_told_and_what_was_said_to_be_written_down_can_be_read_back(
    tmp_path: Path, kind: str
) -> None:
    whole = FaultyDisk(tmp_path, 0, kind)
    (tmp_path / "0").mkdir()
    assert written(tmp_path / "0", whole) == (2, True)
    assert whole.operations > 10
    failed = 0
    for at in range(1, whole.operations + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        done, went_well = written(folder, FaultyDisk(tmp_path, at, kind))
        failed += not went_well
        path = folder / JOURNAL
        if path.exists() and not is_unbegun(path):
            journal = Journal.load(path, b"k" * 32)
            assert len(journal.open_entries()) >= done
            assert journal.unfit == []
        else:
            assert done == 0
    assert failed >= whole.operations - 1  # that a folder's name is on the disk is more than some file systems can
