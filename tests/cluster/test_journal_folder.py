"""Journals below a folder that anybody may have handed over: none is passed over, and nothing there ends the look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.journal_folder import find_journals
from chaos.engine.kept import read_journals
from chaos.errors import UsageError
from tests.cluster.journals import entry, write


@contextmanager
def nested(folder: Path, name: str, times: int) -> Iterator[None]:
    """Folders in folders, which nobody else could remove."""
    at = os.open(folder, os.O_RDONLY)

    def go(where: str) -> None:
        nonlocal at
        before, at = at, os.open(where, os.O_RDONLY, dir_fd=at)
        os.close(before)

    for _ in range(times):
        os.mkdir(name, dir_fd=at)
        go(name)
    try:
        yield
    finally:
        for _ in range(times):
            go("..")
            os.rmdir(name, dir_fd=at)
        os.close(at)


def test_a_folder_that_cannot_be_looked_into_is_told_and_costs_no_other(tmp_path: Path) -> None:
    """Here its path is too long, as it may be for another user's rights: a run in it may have left something."""
    write(tmp_path / "dns" / "now", entry())
    with nested(tmp_path, "x" * 200, 25):
        kept = read_journals(tmp_path)
    assert [journal.path.parent.name for journal in kept.journals] == ["now"]
    (unread,) = kept.unread
    assert "cannot be looked into (File name too long), so nobody knows of the runs in it" in unread.message
    assert len(unread.message) < 500


def test_neither_many_levels_nor_circles_end_the_look(tmp_path: Path) -> None:
    write(tmp_path / "dns" / "now", entry())
    (tmp_path / "dns" / "latest").symlink_to("now")
    (tmp_path / "circle").symlink_to(tmp_path)
    for folder in (tmp_path, tmp_path / "dns"):
        (folder / "itself").symlink_to("itself")
    with nested(tmp_path, "d", 1200):
        assert find_journals(tmp_path) == ([tmp_path / "dns" / "now" / JOURNAL], [])


def test_runs_that_were_moved_to_another_disk_are_found_where_chaos_runs_finds_them(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "now", entry())
    write(tmp_path / "disk" / "now" / "deeper", entry())
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "dns").symlink_to(tmp_path / "disk")
    assert find_journals(reports) == ([reports / "dns" / "now" / JOURNAL], [])


def test_a_journal_of_more_lines_than_any_run_writes_is_refused_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b"x\n" * 300_001)
    with pytest.raises(UsageError, match="it has more lines than any that a run writes"):
        Journal.load(tmp_path / JOURNAL)
