"""`chaos new` writes what runs as it is, and never over what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT, run_command


def new(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = run_command("new", *arguments, folder=folder)
    return done.returncode, done.stdout, done.stderr


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_an_experiment_is_whole_and_the_next_commands_work(tmp_path: Path) -> None:
    code, said, _ = new(tmp_path, "experiment", "web-outage")
    assert code == 0
    assert files(tmp_path) == {"web_outage.py", "break_selector.py", "manifests/web-outage.yaml"}
    commands = [line.split()[1:] for line in said.splitlines() if line.startswith("  chaos ")]
    assert commands[-1] == ["run", "./web_outage.py", "--context", "NAME"]
    shown, ran = (run_command(*command, folder=tmp_path) for command in commands[:2])
    assert (shown.returncode, ran.returncode) == (0, 0), shown.stderr + ran.stderr
    assert "web-outage" in shown.stdout
    assert "BreakSelector: Make a Service select no pod" in shown.stdout
    assert "HELD (simulated): 5 of 5 checks" in ran.stdout


def test_a_fault_with_its_own_name_is_used_by_the_experiment_that_names_it(tmp_path: Path) -> None:
    code, said, _ = new(tmp_path, "fault", "lose_label", "--folder", "mine")
    assert (code, files(tmp_path)) == (0, {"mine/lose_label.py"})
    assert "from .lose_label import LoseLabel" in said
    assert "chaos new experiment NAME --fault lose-label --folder mine" in said
    text = (tmp_path / "mine" / "lose_label.py").read_text() + "# mine\n"
    (tmp_path / "mine" / "lose_label.py").write_text(text)
    assert new(tmp_path, "experiment", "second", "--fault", "lose-label", "--folder", "mine")[0] == 0
    assert files(tmp_path) == {"mine/lose_label.py", "mine/second.py", "mine/manifests/second.yaml"}
    assert (tmp_path / "mine" / "lose_label.py").read_text() == text
    ran = run_command("run", "mine/second.py", "--sandbox", folder=tmp_path)
    assert "HELD (simulated): 5 of 5 checks" in ran.stdout, ran.stderr


def test_a_fault_of_another_name_does_not_pass_for_what_its_name_says(tmp_path: Path) -> None:
    """Its file does what the example does until it is changed, and says so; the example itself is the example."""
    assert new(tmp_path, "experiment", "second", "--fault", "lose-label")[0] == 0
    for name, times in (("lose_label.py", 3), ("second.py", 2)):
        assert (tmp_path / name).read_text().count("To be changed") == times
    assert new(tmp_path, "experiment", "third")[0] == 0
    assert "To be changed" not in (tmp_path / "break_selector.py").read_text() + (tmp_path / "third.py").read_text()


def test_the_package_is_typed() -> None:
    """For `mypy --strict` of one's own file: without py.typed mypy would take nothing of this tool for what it is."""
    assert (ROOT / "chaos" / "py.typed").is_file()


@pytest.mark.parametrize("kind", ["experiment", "fault"])
def test_nothing_is_written_over_what_is_there(tmp_path: Path, kind: str) -> None:
    (tmp_path / "mine.py").write_text("precious")
    code, _, said = new(tmp_path, kind, "mine")
    assert code == 2
    assert "mine.py is already there, so nothing was written" in said
    assert files(tmp_path) == {"mine.py"}
    assert (tmp_path / "mine.py").read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fault", "Loud"), "'Loud' cannot be the name of a fault"),
        (("experiment", "../up"), "'../up' cannot be the name of an experiment"),
        (("experiment", "x" * 41), "cannot be the name of an experiment"),
        (("experiment", "1st"), "a letter first"),
        (("fault", "class"), "class.py would stand for the module class"),
        (("fault", "random"), "random.py would stand for the module random"),
        (("fault", "delete-pod"), "delete-pod is the name of a fault that ships with the tool"),
        (("experiment", "force_delete"), "force-delete is the name of an experiment that ships with the tool"),
        (("experiment", "cache-cluster"), "cache-cluster is the name of an experiment that ships with the tool"),
        (("experiment", "fix-it"), "does not begin with fix- or cleanup-"),
        (("experiment", "break-selector"), "cannot both be called break-selector"),
        (("thing", "mine"), "chaos new writes no thing"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    code, _, said = new(tmp_path, *arguments)
    assert code == 2
    assert message in said
    assert files(tmp_path) == set()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, said = new(tmp_path, "fault", "mine", "--folder", "file/below")
    assert code == 2
    assert "cannot be written" in said


def test_what_is_written_is_formatted_as_the_repository_is(tmp_path: Path) -> None:
    """A name is longer or shorter than the template's."""
    for arguments in (
        ("experiment", "a", "--fault", "b"),
        ("experiment", "c-name-of-some-length", "--fault", "d-other"),
    ):
        assert new(tmp_path, *arguments)[0] == 0
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--check"], ["check", "--ignore", "INP001"]):
        done = subprocess.run(
            [*ruff, *command, "--config", str(ROOT / "pyproject.toml"), str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
