"""The journal: on the disk before the change, readable after any crash."""

from pathlib import Path

import pytest

from chaos.cluster.journal import Journal
from chaos.errors import InconclusiveError, UsageError

RUN = {"id": "r1", "context": "c", "kubeconfig": "", "fingerprint": "f"}


def test_an_intended_change_is_open_although_nobody_knows_whether_it_happened(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    journal.intend(change="create Namespace x", undo="delete", kind="Namespace", name="x")
    read = Journal.load(journal.path)
    assert read.run == RUN
    assert [(e.name, e.state, e.uid) for e in read.open_entries()] == [("x", "intended", "")]


def test_the_last_change_is_undone_first_and_undone_entries_are_closed(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    first = journal.intend(change="create Namespace x", undo="delete", kind="Namespace", name="x")
    second = journal.intend(change="create Service s", undo="delete", kind="Service", name="s", namespace="x")
    journal.update(first, "done", uid="u1")
    journal.update(second, "done", uid="u2")
    assert [e.name for e in Journal.load(journal.path).open_entries()] == ["s", "x"]
    journal.update(second, "undone")
    assert [(e.name, e.uid) for e in Journal.load(journal.path).open_entries()] == [("x", "u1")]


def test_a_change_that_the_cluster_repairs_itself_leaves_nothing_open(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    journal.intend(change="delete Pod p", undo="nothing", kind="Pod", name="p", because="its controller replaces it")
    assert Journal.load(journal.path).open_entries() == []


def test_every_prefix_of_a_journal_can_be_read_once_its_first_line_is_there(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    journal.update(journal.intend(change="c", undo="delete", kind="Service", name="s", namespace="x"), "done", "u")
    data = journal.path.read_bytes()
    first_line = data.index(b"\n") + 1
    for length in range(first_line, len(data) + 1):
        journal.path.write_bytes(data[:length])
        assert len(Journal.load(journal.path).open_entries()) in (0, 1)
    assert Journal.load(journal.path).open_entries()[0].uid == "u"


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("hello\nworld\n")
    with pytest.raises(UsageError, match="line 1"):
        Journal.load(path)
    path.write_text("")
    with pytest.raises(UsageError, match="does not say which cluster"):
        Journal.load(path)


def test_a_journal_that_cannot_be_written_stops_the_change(tmp_path: Path) -> None:
    with pytest.raises(InconclusiveError, match="nothing more is changed"):
        Journal.start(tmp_path / "missing", RUN)


def test_a_journal_is_live_for_as_long_as_its_run(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    read = Journal.load(journal.path)
    assert read.is_live()
    journal.close()
    assert not read.is_live()


def test_what_was_in_a_namespace_is_undone_with_it(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    namespace = journal.intend(change="create Namespace x", undo="delete", kind="Namespace", name="x")
    journal.intend(change="create Service s", undo="delete", kind="Service", name="s", namespace="x")
    journal.intend(change="create Service t", undo="delete", kind="Service", name="t", namespace="y")
    journal.update(namespace, "undone")
    assert [e.name for e in Journal.load(journal.path).open_entries()] == ["t"]


def test_an_entry_that_this_tool_never_wrote_is_named_by_its_line(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    with journal.path.open("a") as file:
        file.write('{"entry": {"id": 1}}\n\n')
    read = Journal.load(journal.path)
    assert [(line.number, line.text) for line in read.unfit] == [(2, '{"entry": {"id": 1}}')]
    assert read.entries == {}


def test_a_line_that_a_crash_cut_short_does_not_spoil_what_is_written_after_it(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    entry = journal.intend(change="create Service s", undo="delete", kind="Service", name="s", namespace="x")
    with journal.path.open("a") as file:
        file.write('{"entry":{"id":2,"chan')
    journal.update(entry, "undone")
    assert Journal.load(journal.path).open_entries() == []
    assert list(Journal.load(journal.path).entries) == [1]


def test_a_journal_that_cannot_be_locked_is_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is changed then; it is no defect."""

    def full(_path: Path) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chaos.cluster.journal.lock", full)
    with pytest.raises(InconclusiveError, match="cannot be written"):
        Journal.start(tmp_path, {"id": "r1", "fingerprint": "f"})
