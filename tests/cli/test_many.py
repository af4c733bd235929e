"""`chaos run` with several experiments: one after the other, one overview, the exit code that counts most."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BROKEN = '''"""Fails."""
from chaos.experiment import Experiment, History, Run, Verdict, combine

async def method(run: Run) -> None:
    """Nothing."""

def never_right(history: History) -> Verdict:
    return combine("never-right", failures=["it is wrong"], unknowns=(), success="", evidence=())

experiment = Experiment(name="wrong", hypothesis="h", method=method, checkers=(never_right,))
'''


def chaos(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaos", "run", *args, "--reports", str(folder / "reports")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("many")
    (folder / "wrong.py").write_text(BROKEN)
    done = chaos(folder, "stateful-networking", str(folder / "wrong.py"), "--sandbox", "-o", "json")
    return folder, done


def document(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran[1].stdout)
    return found


def test_what_did_not_hold_decides_and_the_others_are_run_all_the_same(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    assert ran[1].returncode == 1
    found = document(ran)
    assert found["exit_code"] == 1
    assert [(run["experiment"], run["exit_code"]) for run in found["runs"]] == [
        ("stateful-networking", 0),
        ("wrong", 1),
    ]


def test_the_overview_says_what_each_found_and_leads_to_its_report(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder = Path(document(ran)["folder"])
    text = (folder / "report.md").read_text()
    assert text.startswith("**Simulated**")
    assert "2 of 2 experiments were run: 1 held, 1 did not hold." in text
    assert "- **wrong**, never-right: fail. it is wrong" in text
    assert "What pattern do the individual pod DNS names follow?" in text
    for line in text.splitlines():
        if "[report](" in line:
            assert (folder / line.split("[report](")[1].split(")")[0]).is_file()


def test_names_and_all_exclude_each_other_and_one_of_them_is_needed(tmp_path: Path) -> None:
    for args in ([], ["service-types", "--all"]):
        done = chaos(tmp_path, *args, "--sandbox")
        assert done.returncode == 2
        assert "name experiments, or say --all" in done.stderr


def test_a_name_that_does_not_exist_is_said_before_anything_is_run(tmp_path: Path) -> None:
    done = chaos(tmp_path, "service-types", "servce-types", "--sandbox")
    assert done.returncode == 2
    assert "no experiment 'servce-types'" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_metrics_are_of_one_run(tmp_path: Path) -> None:
    done = chaos(tmp_path, "--all", "--sandbox", "--metrics-textfile", str(tmp_path / "x.prom"))
    assert done.returncode == 2
    assert "metrics are of one run" in done.stderr


def test_one_target_is_not_for_several_experiments(tmp_path: Path) -> None:
    done = chaos(tmp_path, "--all", "--sandbox", "-n", "mine", "--target", "statefulset/db")
    assert done.returncode == 2
    assert "--target" in done.stderr
