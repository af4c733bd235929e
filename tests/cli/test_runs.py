"""`chaos runs` lists what is kept, whatever became of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_command

HELD = {
    "experiment": "dns-basics",
    "started_at": "2026-01-02T03:04:05.678901Z",
    "duration_s": 30.4,
    "simulated": False,
    "outcome": "held",
    "result": "HELD: 4 of 4 checks",
    "headline": "A name costs so much.",
}
SIMULATED = {
    **HELD,
    "experiment": "grace-period",
    "started_at": "2026-01-01T00:00:00Z",
    "simulated": True,
    "result": "HELD (simulated): 4 of 4 checks",
}
CUT_SHORT = {"experiment": "dns-basics", "started_at": "2026-01-03T00:00:00Z", "simulated": True}


def keep(reports: Path, name: str, content: object) -> str:
    folder = reports / name
    folder.mkdir(parents=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "run.json").write_text(text, encoding="utf-8")
    return str(folder)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Three runs, an overview of two of them, and what is none."""
    for name, content in (("dns-basics/2", HELD), ("grace-period/1", SIMULATED), ("dns-basics/3", CUT_SHORT)):
        keep(tmp_path, name, content)
    (tmp_path / "overview" / "1").mkdir(parents=True)
    (tmp_path / "overview" / "1" / "overview.json").write_text("{}")
    (tmp_path / "empty" / "1").mkdir(parents=True)
    (tmp_path / "a file").write_text("")
    return tmp_path


def runs(reports: Path, *args: str) -> list[str]:
    done = run_command("runs", *args, "--reports", reports)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_each_has_its_time_length_result_headline_and_path_and_the_newest_is_last(reports: Path) -> None:
    assert runs(reports) == [
        "2026-01-01T00:00:00Z    30s  grace-period: HELD (simulated): 4 of 4 checks",
        "    A name costs so much.",
        f"    {reports}/grace-period/1",
        "2026-01-02T03:04:05Z    30s  dns-basics: HELD: 4 of 4 checks",
        "    A name costs so much.",
        f"    {reports}/dns-basics/2",
        "2026-01-03T00:00:00Z      -  dns-basics: it was cut short; chaos report judges what is there",
        f"    {reports}/dns-basics/3",
    ]


@pytest.mark.parametrize(
    ("args", "folders"),
    [
        (("grace-period",), ["grace-period/1"]),
        (("--last", "1"), ["dns-basics/3"]),
        (("--last", "9"), ["grace-period/1", "dns-basics/2", "dns-basics/3"]),
        (("dns-basics", "--last", "1"), ["dns-basics/3"]),
        (("dns-caching",), []),
    ],
)
def test_they_can_be_chosen(reports: Path, args: tuple[str, ...], folders: list[str]) -> None:
    found: list[dict[str, Any]] = json.loads("\n".join(runs(reports, *args, "-o", "json")))
    assert [str(Path(one["folder"]).relative_to(reports)) for one in found] == folders


def test_a_program_is_told_the_same(reports: Path) -> None:
    (found,) = json.loads("\n".join(runs(reports, "grace-period", "-o", "json")))
    assert found == {
        "started_at": "2026-01-01T00:00:00Z",
        "experiment": "grace-period",
        "duration_s": 30.4,
        "simulated": True,
        "outcome": "held",
        "result": "HELD (simulated): 4 of 4 checks",
        "headline": "A name costs so much.",
        "folder": f"{reports}/grace-period/1",
    }


def test_an_experiment_without_runs_is_no_error(reports: Path) -> None:
    assert runs(reports, "dns-caching") == [f"no run of dns-caching is kept below {reports}; chaos run makes one"]


def test_no_folder_at_all_is_none_either(tmp_path: Path) -> None:
    assert runs(tmp_path / "none") == [f"no run is kept below {tmp_path}/none; chaos run makes one"]


def test_a_misspelt_experiment_is_told_with_what_was_meant(reports: Path) -> None:
    done = run_command("runs", "dns-basic", "--reports", reports)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"chaos: no run of 'dns-basic' is kept below {reports}",
        "  did you mean dns-basics?",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        "{}",
        json.dumps({**HELD, "started_at": 3, "experiment": None, "duration_s": "long"}),
        "[" * 100_000,
    ],
)
def test_one_that_is_none_of_this_tools_hides_no_other(reports: Path, content: str) -> None:
    folder = keep(reports, "mine/4", content)
    found = {one["folder"]: one for one in json.loads("\n".join(runs(reports, "-o", "json")))}
    assert len(found) == 4
    assert (found[folder]["experiment"], found[folder]["outcome"]) == ("mine", "unreadable")
    assert found[folder]["result"].startswith("run.json is not what this tool wrote: ")


def test_one_that_cannot_be_read_says_why(reports: Path) -> None:
    (reports / "mine" / "4" / "run.json").mkdir(parents=True)
    assert "mine: run.json cannot be read: Is a directory" in "\n".join(runs(reports))


def test_a_terminal_obeys_nothing_that_a_run_says(reports: Path) -> None:
    keep(
        reports, "evil\x1b[2J/1", {**HELD, "headline": "red \x1b[31m\nHELD", "result": "\x07", "experiment": "\x1b]0;x"}
    )
    said = "\n".join(runs(reports))
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "    red \\x1b[31m HELD" in said
