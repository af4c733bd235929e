"""Files of runs are for their owner alone, from the moment when they are made."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.experiment import Options
from chaos.model.private import make_folder, open_file, read_file, write_text
from tests.commands import run_command
from tests.sandboxed import run_sandboxed

SMALL = ("run", "identity-persistence", "--sandbox", "--trials", "1", "--period", "100ms", "--grace", "1", "-q")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: mode(path) for path in folder.iterdir()}


@pytest.fixture(params=[0, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_private_folder_has_private_files_and_no_moment_in_which_they_are_not(tmp_path: Path) -> None:
    make_folder(tmp_path / "reports" / "x" / "now", shared=False)
    with open_file(tmp_path / "reports" / "x" / "now" / "a", "ab+") as file:
        assert mode(Path(file.name)) == 0o600
    write_text(tmp_path / "reports" / "x" / "now" / "b", "ü")
    assert modes(tmp_path / "reports" / "x" / "now") == {"a": 0o600, "b": 0o600}
    assert mode(tmp_path / "reports" / "x" / "now") == 0o700
    assert mode(tmp_path / "reports") & 0o022 == 0  # nobody else may put another folder in its place


@pytest.mark.usefixtures("umask")
def test_a_shared_folder_has_files_that_others_may_read_also_when_they_are_written_later(tmp_path: Path) -> None:
    make_folder(tmp_path / "now", shared=True)
    write_text(tmp_path / "now" / "a", "")
    assert (mode(tmp_path / "now"), mode(tmp_path / "now" / "a")) == (0o755, 0o644)


def put(place: str, path: Path, precious: Path) -> None:
    """What somebody else may put in place of a file."""
    match place:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
        case "link":
            path.symlink_to(precious)
        case "loop":
            path.symlink_to(path)


@pytest.mark.parametrize("place", ["pipe", "folder", "device", "link", "loop"])
def test_what_lies_in_place_of_a_file_is_not_waited_for_nor_written_through(tmp_path: Path, place: str) -> None:
    """The folder where runs are kept may be anybody's, and names of files in it are known beforehand."""
    precious = tmp_path / "precious"
    precious.write_text("x")
    put(place, tmp_path / "a", precious)
    for mode_of in ("w", "a", "ab+"):
        with pytest.raises(OSError, match=r"Errno"):
            open_file(tmp_path / "a", mode_of)
    with pytest.raises(OSError, match=r"Errno"):
        read_file(tmp_path / "a", linked=False)
    if place != "link":  # which is read where nothing is written
        with pytest.raises(OSError, match=r"Errno"):
            read_file(tmp_path / "a")
    assert precious.read_text() == "x"


def test_a_file_that_is_larger_than_a_run_writes_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"xxx")
    assert read_file(tmp_path / "a", 3) == b"xxx"
    with pytest.raises(OSError, match="larger than any that a run writes"):
        read_file(tmp_path / "a", 2)


def test_a_folder_that_is_there_is_no_new_one(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        make_folder(tmp_path, shared=False)
    make_folder(tmp_path, shared=True, exist_ok=True)
    assert mode(tmp_path) != 0o755


def test_whatever_a_run_writes_is_its_owners(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        run_sandboxed(tmp_path, Options(trials=1, period_s=0.1, max_qps=None))
    finally:
        os.umask(before)
    (folder,) = (tmp_path / "identity-persistence").iterdir()
    assert mode(folder) == 0o700
    assert set(modes(folder).values()) == {0o600}
    assert {"journal.jsonl", "events.jsonl", "observations.jsonl"} <= modes(folder).keys()


@pytest.mark.parametrize(("shared", "wanted"), [((), (0o700, 0o600)), (("--shared-reports",), (0o755, 0o644))])
def test_so_are_its_report_and_what_is_written_again(tmp_path: Path, shared: tuple[str, ...], wanted: object) -> None:
    """Metrics stay readable: node_exporter is another user."""
    metrics = tmp_path / "x.prom"
    run_command(*SMALL, "--reports", tmp_path / "r", "--metrics-textfile", metrics, *shared)
    (folder,) = (tmp_path / "r" / "identity-persistence").iterdir()
    (folder / "report.md").unlink()
    run_command("report", folder)
    assert (mode(folder), *set(modes(folder).values())) == wanted
    assert {"report.md", "run.json", "recoveries.csv", "summary.csv", "timeline.svg"} <= modes(folder).keys()
    assert mode(metrics) == 0o644
