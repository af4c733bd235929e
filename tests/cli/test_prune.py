"""`chaos runs prune` removes folders of past runs, and nothing that it does not know for one."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chaos.cli.commands.runs_prune import Pruned
from chaos.cli.prune import in_words, prune_runs
from chaos.cluster.journal import JOURNAL
from chaos.errors import UsageError
from chaos.options.output import ReportsOptions
from chaos.report import pruning
from tests.cluster import journals
from tests.commands import run_command

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO_S = NOW.timestamp() - 7200


def keep(reports: Path, experiment: str = "dns-basics", days: int = 100, **changed: Any) -> Path:
    """A run of so many days ago, as it leaves its folder; two hours ago it was last written to."""
    at = NOW - timedelta(days=days)
    folder = reports / experiment / at.strftime("%Y-%m-%dT%H-%M-%SZ")
    folder.mkdir(parents=True)
    document = {
        "schema_version": 2,
        "experiment": experiment,
        "simulated": False,
        "status": "complete",
        "outcome": "held",
        "started_at": at.strftime("%Y-%m-%dT%H:%M:%S.123456Z"),
        "verdicts": [],
        "parameters": {},
        **changed,
    }
    (folder / "run.json").write_text(json.dumps(document))
    for name in ("observations.jsonl", "events.jsonl", "report.md"):
        (folder / name).write_text("{}\n")
    journals.write(folder, journals.entry(state="undone"))
    for path in folder.iterdir():
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    return folder


def there(reports: Path) -> list[Path]:
    return sorted(path for path in reports.glob("*/*"))


@pytest.fixture
def prune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Removes at `NOW` what the options choose; gives the exit code and what was said."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return NOW.astimezone(tz)

    monkeypatch.setattr("chaos.cli.prune.datetime", Then)

    def call(**wanted: Any) -> tuple[int, str]:
        code = prune_runs(Pruned(**{"yes": True, "older_than_s": 1.0, **wanted}), ReportsOptions(tmp_path))
        return code, capsys.readouterr().out

    return call


def stays(prune: Callable[..., tuple[int, str]], folder: Path, why: str, code: int = 0) -> str:
    """Nothing at all of the folder is touched, and it is said why."""
    before = {path: path.lstat().st_ino for path in folder.rglob("*")}
    found, said = prune()
    assert (found, {path: path.lstat().st_ino for path in folder.rglob("*")}) == (code, before)
    assert f"stays: {folder}: {why}" in said
    return said


# What goes.


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"older_than_s": 30 * 86400.0}, ["a:5", "a:1", "b:20"]),
        ({"older_than_s": None, "keep": 1}, ["a:1", "b:20"]),
        ({"older_than_s": 3 * 86400.0, "keep": 3}, ["a:40", "a:5", "a:1", "b:50", "b:20"]),
        ({"older_than_s": 3 * 86400.0, "keep": 1}, ["a:1", "b:20"]),
        ({"older_than_s": 1.0, "experiment": "a"}, ["b:50", "b:20"]),
    ],
)
def test_runs_go_that_are_older_and_not_among_the_newest(
    tmp_path: Path, prune: Callable[..., Any], wanted: dict[str, Any], left: list[str]
) -> None:
    """Of both options each spares a run; both count for each experiment by itself."""
    kept = {
        f"{name}:{days}": keep(tmp_path, name, days)
        for name, days in (("a", 40), ("a", 5), ("a", 1), ("b", 50), ("b", 20))
    }
    assert prune(**wanted)[0] == 0
    assert there(tmp_path) == sorted(kept[name] for name in left)


def test_it_says_what_goes_and_how_much_is_freed(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path)
    (folder / "timeline.svg").write_bytes(b"x" * 1_000_000)
    code, said = prune()
    assert code == 0
    assert said.splitlines() == [f"goes: {folder} (held, 1 MB)", "1 run removed, 1 MB freed"]
    assert not folder.exists()


def test_a_redacted_copy_goes_with_its_run(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path)
    (folder / "redacted").mkdir()
    (folder / "redacted" / "report.md").write_text("")
    assert prune()[0] == 0
    assert there(tmp_path) == []


def test_a_killed_run_with_nothing_to_undo_goes(tmp_path: Path, prune: Callable[..., Any]) -> None:
    keep(tmp_path, outcome="incomplete", status="incomplete")
    assert prune()[0] == 0
    assert there(tmp_path) == []


def test_a_simulated_run_that_was_killed_leaves_nothing_to_undo(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path, simulated=True)
    journals.write(folder, journals.entry(), run={**journals.RUN, "simulated": True})
    assert prune()[0] == 0
    assert there(tmp_path) == []


def test_a_dry_run_touches_nothing(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path)
    code, said = prune(dry_run=True)
    assert (code, there(tmp_path)) == (0, [folder])
    assert said.splitlines()[-1].endswith("nothing was removed")


# What stays.


def test_a_run_stays_whose_journal_has_something_open(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path)
    journals.write(folder, journals.entry())
    said = stays(prune, folder, "something is to be undone from it: create it", code=5)
    assert f"  chaos recover {folder}" in said


def test_a_run_stays_whose_journal_nobody_can_read(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path)
    journals.write(folder, b"{]", journals.entry(state="undone"))
    stays(prune, folder, "not all of its journal can be read, so more may be to be undone", code=5)
    (folder / JOURNAL).write_text("[]\n[]\n")
    assert f"chaos recover {folder}" in stays(prune, folder, "nobody can tell what is to be undone", code=5)


def test_a_run_stays_that_says_it_was_simulated_where_its_journal_does_not(
    tmp_path: Path, prune: Callable[..., Any]
) -> None:
    folder = keep(tmp_path, simulated=True)
    journals.write(folder, journals.entry())
    stays(prune, folder, "something is to be undone from it", code=5)


def test_a_run_stays_that_is_under_way(tmp_path: Path, prune: Callable[..., Any]) -> None:
    """Whoever runs or recovers it holds its journal."""
    folder = keep(tmp_path)
    with (folder / JOURNAL).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        stays(prune, folder, "it is under way, or is being recovered")


def test_a_run_stays_that_was_written_to_just_now(tmp_path: Path, prune: Callable[..., Any]) -> None:
    """Another machine's lock need not be seen on a file system of both."""
    folder = keep(tmp_path, outcome="incomplete")
    os.utime(folder / "events.jsonl", (NOW.timestamp() - 60,) * 2)
    stays(prune, folder, "it seems to be under way")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"experiment": "dns-caching"}, "run.json is of another folder"),
        ({"started_at": "2026-01-01T00:00:00Z"}, "run.json is of another folder"),
        ({"started_at": 3}, "run.json is of another folder"),
        ({"schema_version": 99}, "run.json has a schema that this version does not know"),
        ({"schema_version": [2]}, "run.json has a schema that this version does not know"),
    ],
)
def test_a_folder_stays_whose_run_json_is_not_its_own(
    tmp_path: Path, prune: Callable[..., Any], changed: dict[str, Any], why: str
) -> None:
    folder = keep(tmp_path)
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    stays(prune, folder, why)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "[" * 100_000])
def test_a_folder_stays_whose_run_json_is_none(tmp_path: Path, prune: Callable[..., Any], text: str) -> None:
    folder = keep(tmp_path)
    (folder / "run.json").write_text(text)
    stays(prune, folder, "run.json is not what this tool wrote")


def test_a_folder_stays_that_somebody_named(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path).rename(tmp_path / "dns-basics" / "the good one")
    stays(prune, folder, "its name is not the time of a run")


def test_a_folder_stays_that_holds_what_no_run_writes(tmp_path: Path, prune: Callable[..., Any]) -> None:
    folder = keep(tmp_path)
    (folder / "notes.md").write_text("mine")
    said = stays(prune, folder, "notes.md in it was not written by a run")
    assert "  move it elsewhere" in said


def test_what_is_no_run_is_not_even_looked_at(tmp_path: Path, prune: Callable[..., Any]) -> None:
    (tmp_path / "overview" / "2020-01-01T00-00-00Z").mkdir(parents=True)
    (tmp_path / "a file").write_text("")
    assert prune() == (0, "no run goes\n")
    assert len(there(tmp_path)) == 1


# Links.


@pytest.mark.parametrize("linked", ["dns-basics", "run"])
def test_a_link_to_a_folder_of_runs_is_not_followed(tmp_path: Path, prune: Callable[..., Any], linked: str) -> None:
    elsewhere = keep(tmp_path.parent / f"{tmp_path.name}-elsewhere")
    place, target = tmp_path / "dns-basics", elsewhere.parent
    if linked == "run":
        place, target = place / elsewhere.name, elsewhere
        place.parent.mkdir()
    place.symlink_to(target)
    code, said = prune()
    assert code == 0
    assert "it is no folder of its own, or cannot be opened" in said
    assert len(list(elsewhere.iterdir())) == 5


@pytest.mark.parametrize("name", ["report.md", "run.json", JOURNAL, "redacted"])
def test_a_link_in_a_folder_keeps_the_folder(tmp_path: Path, prune: Callable[..., Any], name: str) -> None:
    folder = keep(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    (folder / name).rename(elsewhere) if name != "redacted" else elsewhere.mkdir()
    (folder / name).symlink_to(elsewhere)
    stays(prune, folder, name)
    assert elsewhere.exists()


def test_what_comes_into_a_folder_after_it_was_shown_keeps_it(
    tmp_path: Path, prune: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the question and its answer there may be hours."""
    folder = keep(tmp_path)

    def meanwhile(question: str) -> bool:
        assert question == "remove 1 run, 371 bytes?"
        journals.write(folder, journals.entry())
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("chaos.cli.prune.confirmed", meanwhile)
    code, said = prune(yes=False)
    assert (code, there(tmp_path)) == (5, [folder])
    assert said.splitlines()[-1] == "0 runs removed, 0 bytes freed"


def test_a_folder_that_cannot_be_removed_is_told_and_the_others_go(
    tmp_path: Path, prune: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = keep(tmp_path, "a"), keep(tmp_path, "b")
    empty = pruning._empty

    def refuse(folder: int) -> None:
        if os.fstat(folder).st_ino == stuck.stat().st_ino:
            raise PermissionError(13, "Permission denied")
        empty(folder)

    monkeypatch.setattr(pruning, "_empty", refuse)
    code, said = prune()
    assert (code, there(tmp_path)) == (4, [stuck])
    assert f"stays: {stuck}: it could not be removed, or not all of it: Permission denied" in said
    assert not other.exists()


# Consent, and the command line.


def test_a_no_removes_nothing(tmp_path: Path, prune: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = keep(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("chaos.cli.prune.confirmed", lambda _question: False)
    code, said = prune(yes=False)
    assert (code, there(tmp_path)) == (0, [folder])
    assert said.endswith("nothing was removed\n")


def test_where_nobody_can_be_asked_nothing_goes(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    done = run_command("runs", "prune", "--older-than", "1d", "--reports", tmp_path)
    assert done.returncode == 2
    assert "nobody can be asked here" in done.stderr
    assert folder.exists()


def test_from_the_command_line(tmp_path: Path) -> None:
    keep(tmp_path)
    done = run_command("runs", "prune", "dns-basics", "--older-than", "1d12h", "--yes", "--reports", tmp_path)
    assert (done.returncode, done.stderr, there(tmp_path)) == (0, "", [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing says which runs go"),
        (("--keep", "0"), "--keep 0 must lie between 1 and"),
        (("--older-than", "soon"), "--older-than soon is no time; write it like 30d or 1d12h"),
        (("dns-basic", "--keep", "1"), "no run of 'dns-basic' is kept below"),
    ],
)
def test_what_says_nothing_is_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = run_command("runs", "prune", *words, "--yes", "--reports", tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_one_option_is_needed() -> None:
    with pytest.raises(UsageError, match="nothing says which runs go"):
        Pruned()


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2_000_000, "2 MB"), (3e15, "3e+03 TB")]
)
def test_sizes_are_told_for_people(size: int, words: str) -> None:
    assert in_words(size) == words
