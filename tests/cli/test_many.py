"""`chaos run` with several experiments: one after the other, one overview, the exit code that counts most."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.cli import many
from chaos.cli.one import RunRequest, Told, options_for
from chaos.experiment import Experiment, find_experiment
from chaos.metrics import MetricsOptions
from chaos.model import Ending, RunOutcome
from chaos.options import Settings, resolve
from chaos.options.place import PlaceOptions
from chaos.options.table import known_options
from tests.commands import run_command

BROKEN = '''"""Fails."""
from chaos.experiment import Experiment, Run, against, checker

async def method(run: Run) -> None:
    """Nothing."""

@checker()
def never_right(reading):
    yield against("it is wrong")

experiment = Experiment(name="wrong", hypothesis="h", method=method, checkers=(never_right,))
'''


def chaos(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return run_command("run", *args, "--reports", folder / "reports")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("many")
    (folder / "wrong.py").write_text(BROKEN)
    names = ("stateful-networking", str(folder / "wrong.py"), "cache-cluster")
    done = chaos(folder, *names, "--sandbox", "-o", "json")
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
    assert [(run["experiment"], run["outcome"], run["exit_code"]) for run in found["runs"]] == [
        ("stateful-networking", "held", 0),
        ("wrong", "failed", 1),
        ("cache-cluster", "not-run", 4),
    ]


def test_the_overview_says_what_each_found_and_leads_to_its_report(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder = Path(document(ran)["folder"])
    text = (folder / "report.md").read_text()
    line = "FAILED (simulated): 1 of 3 experiments held; 1 failed (wrong); 1 not run (cache-cluster: "
    assert text.startswith(line)
    assert text.splitlines()[0] == document(ran)["result"]
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


def test_all_names_what_it_leaves_out_and_keeps_the_types_of_its_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = [find_experiment(name) for name in ("cache-cluster", "dns-outage", "node-loss", "stateful-networking")]
    monkeypatch.setattr(many, "load_experiments", lambda: shipped)
    held = Ending(RunOutcome.HELD, 0, "HELD: 3 of 3 checks")
    document = {"outcome": "held", "exit_code": 0, "result": held.line}
    monkeypatch.setattr(many, "run_one", lambda *_: Told(held, document, tmp_path / "run"))
    assert many.run_many(request(tmp_path), [], every=True) == 0
    first, where, _, *lines, _, last, _ = capsys.readouterr().out.splitlines()
    assert first == last
    assert first.startswith("HELD: 2 of 4 experiments; 2 skipped (dns-outage: it changes cluster DNS")
    assert "node-loss: it must be told how a node is cut off" in first
    assert [line.split()[:2] for line in lines] == [
        ["cache-cluster", "HELD:"],
        ["dns-outage", "SKIPPED:"],
        ["node-loss", "SKIPPED:"],
        ["stateful-networking", "HELD:"],
    ]
    runs = json.loads(Path(where).with_name("overview.json").read_text())["runs"]
    assert [(run["outcome"], run["exit_code"]) for run in runs] == [
        ("held", 0),
        ("skipped", None),
        ("skipped", None),
        ("held", 0),
    ]


def test_after_what_could_not_be_undone_no_other_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = Ending(RunOutcome.NOT_UNDONE, 2, "NOT UNDONE: x is left; no check was made")
    document = {"outcome": "not-undone", "exit_code": 2, "result": left.line}
    monkeypatch.setattr(many, "run_one", lambda *_: Told(left, document, tmp_path / "run"))
    assert many.run_many(request(tmp_path, sandbox=True), ["service-types", "dns-basics"], every=False) == 2
    out = capsys.readouterr().out
    assert out.startswith("NOT UNDONE (simulated): 0 of 2 experiments held; 1 not undone (service-types); 1 skipped (")
    assert "dns-basics     SKIPPED: service-types left something that could not be undone" in out


def test_an_impossible_option_is_said_before_the_first_is_run(tmp_path: Path) -> None:
    for args in (("--within", "0s"), ("--model", "dns_one_way=2..1")):
        done = chaos(tmp_path, "service-types", "dns-basics", "--sandbox", *args)
        assert done.returncode == 2
        assert args[0] in done.stderr
        assert not (tmp_path / "reports").exists()


def test_of_several_the_plan_names_who_ignores_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def run_one(_: RunRequest, experiment: Experiment) -> Told:
        begun.append(experiment.name)
        return Told(Ending(RunOutcome.HELD, 0, "HELD"), {}, tmp_path)

    monkeypatch.setattr(many, "run_one", run_one)
    options = known_options().values()
    asked = replace(request(tmp_path, sandbox=True), settings=resolve(options, {"until-precision": "10%"}, {}))
    assert many.run_many(asked, [], every=True) == 0
    assert "identity-persistence" in begun
    assert "service-types" in begun
    told = options_for(asked, find_experiment("service-types"))
    assert told.until_precision is None
    assert told.dropped == ("--until-precision 10% (command line) does nothing in service-types",)


def request(folder: Path, *, sandbox: bool = False) -> RunRequest:
    """As the command line makes it, with nothing granted."""
    place = PlaceOptions(sandbox=sandbox, context="" if sandbox else "x")
    return RunRequest(place, sandbox, Settings({}), folder / "reports", MetricsOptions())
