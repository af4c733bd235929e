"""What the documents say is what the tool does."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.commands import run_command
from tools.update_readme import updated

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in re.findall(r"^ {4,}(chaos .*)$", README, re.MULTILINE)]


def chaos(args: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_command(*args, folder=cwd)


def test_the_readme_quotes_its_example_runs_to_the_letter() -> None:
    """`python tools/update_readme.py` puts it right."""
    assert updated(README) == README


@pytest.mark.parametrize("command", [c for c in COMMANDS if "--context" not in c and c != "chaos sandbox"])
def test_every_command_of_the_readme_does_what_it_says(command: str, tmp_path: Path) -> None:
    done = chaos(shlex.split(command)[1:], tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if "--context" in c])
def test_commands_for_a_real_cluster_name_options_that_exist(command: str, tmp_path: Path) -> None:
    words = [word.lower() if word == "NS" else word for word in shlex.split(command)[1:]]
    done = chaos([*words, "--kubeconfig", "no-such-file"], tmp_path)
    assert done.returncode == 2
    assert "there is no kubeconfig at no-such-file" in done.stderr


def test_the_commands_were_found() -> None:
    assert len(COMMANDS) >= 7


@pytest.mark.parametrize("example", ["sandbox", "real", "laptop"])
def test_the_example_runs_render_to_what_is_committed(example: str, tmp_path: Path) -> None:
    """Reports are functions of the history: the same command today gives the same bytes."""
    source = ROOT / "reports" / "examples" / example
    folder = tmp_path / example
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    assert chaos(["report", "--anew", str(folder)], tmp_path).returncode == 0
    for name in ("run.json", "recoveries.csv", "summary.csv", "timeline.svg", "report.md"):
        assert (folder / name).read_text() == (source / name).read_text(), name


def test_only_the_simulated_example_says_that_it_is() -> None:
    first = {e: (ROOT / "reports/examples" / e / "report.md").read_text().splitlines()[0] for e in ("sandbox", "real")}
    assert "(simulated): " in first["sandbox"]
    assert "imulated" not in first["real"]
