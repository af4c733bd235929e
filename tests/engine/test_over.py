"""Before each run the journals of this machine are looked at; one that was over is not read another time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.cluster.address import ClusterAddress
from chaos.cluster.journal import Journal
from chaos.cluster.signing import user_key
from chaos.cluster.state import state_folder
from chaos.engine.kept import unfinished_here
from chaos.engine.unfinished import refuse_on_top
from chaos.errors import PreflightError
from tests.cluster.journals import RUN
from tests.diagnose.clusters import Place, run

Damage = Callable[[Path], object]


def device_at(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def pipe_at(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.fixture(autouse=True)
def fresh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def past(reports: Path, name: str, *, over: bool = True, fingerprint: str = "f") -> Journal:
    (reports / name).mkdir(parents=True)
    about = {**RUN, "id": name, "fingerprint": fingerprint}
    journal = Journal.start(reports / name, about, user_key(make=True).data)
    made = journal.intend(change="create it", undo="delete", kind="ConfigMap", name="x", namespace="default")
    journal.update(made, "undone" if over else "done")
    journal.close()
    return journal


def found(reports: Path) -> tuple[list[str], int]:
    """Runs that are not over, and how many journals were read to know that."""
    read: list[Path] = []
    load = Journal.load.__func__  # type: ignore[attr-defined]

    def counted(path: Path, key: bytes = b"") -> Journal:
        read.append(path)
        return load(Journal, path, key)  # type: ignore[no-any-return]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Journal, "load", counted)
        kept = unfinished_here(reports)
    return [str(journal.run["id"]) for journal in kept.journals], len(read)


def test_only_what_was_not_over_is_read_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        past(tmp_path / "reports", name)
    past(tmp_path / "reports", "open", over=False)
    past(tmp_path / "others", "c")
    assert found(tmp_path / "reports") == (["open"], 3)
    assert found(tmp_path / "others") == ([], 1)
    assert found(tmp_path / "reports") == (["open"], 1)
    assert found(tmp_path / "others") == ([], 0)


def test_one_that_changed_is_read_whatever_was_done_to_its_times(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    journal, before = past(reports, "a"), found(reports)
    times = journal.path.stat()
    data = journal.path.read_bytes()
    journal.path.write_bytes(data.replace(b"undone", b"UNDONE"))
    os.utime(journal.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (before, found(reports)) == (([], 1), (["a"], 1))
    replaced = reports / "a" / "new"
    replaced.write_bytes(data)
    replaced.replace(journal.path)
    assert found(reports) == ([], 1)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text('{"x": [["y"]], "z": 1}'),
        device_at,
        pipe_at,
    ],
    ids=["gone", "bytes", "deep", "types", "device", "pipe"],
)
def test_where_what_was_known_is_lost_all_are_read(tmp_path: Path, damage: Damage) -> None:
    past(tmp_path / "reports", "a")
    found(tmp_path / "reports")
    damage(state_folder() / "journals-over")
    assert found(tmp_path / "reports") == ([], 1)
    assert found(tmp_path / "reports") == ([], 0)


def test_a_journal_that_lost_a_line_is_in_the_way_and_one_that_says_nothing_is_told(tmp_path: Path) -> None:
    """What stood there may be a node that is still cut off."""

    async def story(place: Place) -> None:
        reports = tmp_path / "reports"
        journal = past(reports, "a", fingerprint=place.cluster.fingerprint)
        (reports / "b").mkdir()
        (reports / "b" / journal.path.name).write_bytes(b"hello\n")
        (note,) = await refuse_on_top(place.cluster, "", reports, ClusterAddress(context="c"), mirrored=True)
        assert note.startswith("it may be that an earlier run is to be undone: ")
        lines = journal.path.read_bytes().splitlines(keepends=True)
        journal.path.write_bytes(b"".join([lines[0], b"x" + lines[1], lines[2]]))
        with pytest.raises(PreflightError, match="nobody knows whether an earlier run undid what line 2 of") as told:
            await refuse_on_top(place.cluster, "", reports, ClusterAddress(context="c"), mirrored=True)
        assert "move that folder to another place" in told.value.hint

    run(story)
