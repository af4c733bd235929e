"""stdout begins and ends with the result, run.json and the report say the same; what cannot be written is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_command

EXPERIMENT = '''"""Says what it is told to say."""
from chaos.experiment import Experiment, Run, against, checker, holds, unsure

async def method(run: Run) -> None:
    """Nothing, or what it must not."""
    if {undoes!r} == "never":
        run.objects._changes.undo = None  # the clean-up ends with a defect

@checker()
def right(reading):
    yield from map(against, {failures!r})
    yield from map(unsure, {unknowns!r})
    yield holds("yes")

experiment = Experiment(name="mine", hypothesis="h", method=method, checkers=(right,))
'''


def own(folder: Path, failures: Sequence[str] = (), unknowns: Sequence[str] = (), undoes: str = "always") -> Path:
    """An experiment with that verdict."""
    path = folder / "mine.py"
    path.write_text(EXPERIMENT.format(failures=list(failures), unknowns=list(unknowns), undoes=undoes))
    return path


def chaos(folder: Path, *args: str | Path, **elsewhere: Path | None) -> subprocess.CompletedProcess[str]:
    done = run_command(*args, folder=folder, elsewhere=elsewhere)
    assert "Traceback" not in done.stderr
    return done


def saved(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder and run.json of the one run of `mine`."""
    (path,) = folder.glob("reports/mine/*/run.json")
    return path.parent, json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("failures", "unknowns", "undoes", "line", "code"),
    [
        ((), (), "always", "HELD (simulated): 1 of 1 check", 0),
        (("it is wrong", "badly"), (), "always", "FAILED (simulated): 1 of 1 check (right): it is wrong …", 1),
        ((), ("nobody looked",), "always", "INCONCLUSIVE (simulated): 1 of 1 check unknown (right)", 4),
        (
            ("it is wrong",),
            (),
            "never",
            (
                "NOT UNDONE (simulated): Namespace NAME could not be deleted: a defect of this tool: TypeError: "
                "'NoneType' object is not callable; and 1 more; 0 of 1 check held, 1 failed (right)"
            ),
            5,
        ),
    ],
)
def test_the_same_line_is_first_and_last_and_in_the_report_and_in_run_json(
    tmp_path: Path, failures: Sequence[str], unknowns: Sequence[str], undoes: str, line: str, code: int
) -> None:
    experiment = own(tmp_path, failures, unknowns, undoes)
    done = chaos(tmp_path, "run", experiment, "--sandbox")
    folder, document = saved(tmp_path)
    line = line.replace("NAME", document["target"]["namespace"])
    report = folder / "report.md"
    ends = [line, str(report.relative_to(tmp_path))]
    said = done.stdout.splitlines()
    assert (done.returncode, said[:2], said[-2:]) == (code, ends, ends)
    assert report.read_text(encoding="utf-8").splitlines()[0] == line
    assert (document["result"], document["exit_code"]) == (line, code)
    assert document["outcome"] == line.partition(" (simulated)")[0].lower().replace(" ", "-")
    assert document["duration_s"] > 0
    assert document["finished_at"] > document["started_at"]
    again = chaos(tmp_path, "check", folder, "--experiment", experiment)
    assert (again.returncode, again.stdout.splitlines()[0], again.stdout.splitlines()[-2]) == (code, line, line)
    before = (folder / "run.json").read_bytes()
    again = chaos(tmp_path, "report", folder, "--experiment", experiment)
    again_said, ends = again.stdout.splitlines(), [line, str(report)]
    assert (again.returncode, again_said[:2], again_said[-2:]) == (0, ends, ends)
    assert (folder / "run.json").read_bytes() == before


def test_between_the_two_stands_what_matters_most_and_with_full_the_whole_report(tmp_path: Path) -> None:
    experiment = own(tmp_path, failures=["it is wrong", "badly"])
    told = chaos(tmp_path, "run", experiment, "--sandbox").stdout.splitlines()
    folder, document = saved(tmp_path)
    report = folder / "report.md"
    assert told[2:-2] == [
        "",
        document["headline"],
        "",
        "1 of 1 check is not ok:",
        "fail    right: it is wrong; badly.",
        "",
    ]
    short = chaos(tmp_path, "report", folder, "--experiment", experiment).stdout.splitlines()
    assert short[2:-2] == told[2:-2]
    full = chaos(tmp_path, "report", folder, "--experiment", experiment, "--full").stdout
    ends = [document["result"], str(report)]
    assert (full.splitlines()[:2], full.splitlines()[-2:]) == (ends, ends)
    assert full.count(document["result"]) == 2
    assert not re.search(r"</?(details|summary)>", full)
    words = report.read_text(encoding="utf-8").replace("<details>", "").replace("</details>", "")
    unfolded = [line for line in re.sub(r"</?summary>", "", words).splitlines()[1:] if line]
    assert [line.removeprefix("## ") for line in full.splitlines()[2:-2] if line] == [
        line.removeprefix("## ") for line in unfolded
    ]


def test_the_whole_report_is_no_json(tmp_path: Path) -> None:
    done = chaos(tmp_path, "report", tmp_path, "--full", "-o", "json")
    assert done.returncode == 2
    assert "--full and -o json exclude each other" in done.stderr


def test_json_alone_is_on_stdout_and_has_the_result(tmp_path: Path) -> None:
    done = chaos(tmp_path, "run", own(tmp_path), "--sandbox", "-o", "json")
    document = json.loads(done.stdout)
    assert (document["outcome"], document["exit_code"], done.returncode) == ("held", 0, 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize(("failures", "code"), [((), 2), (("it is wrong",), 1)])
def test_a_full_disk_behind_stdout_ends_no_run_and_hides_no_failure(
    tmp_path: Path, failures: Sequence[str], code: int
) -> None:
    done = chaos(tmp_path, "run", own(tmp_path, failures), "--sandbox", stdout=Path("/dev/full"))
    assert done.returncode == code
    assert "cleaned up: deleted Namespace" in done.stderr
    assert "stdout could not be written: No space left on device" in done.stderr
    assert saved(tmp_path)[1]["status"] == "complete"


@pytest.mark.parametrize("args", [("list",), ("run", "service-types", "--sandbox", "-o", "json"), ("version",)])
def test_a_closed_stdout_is_named_before_anything_is_done(tmp_path: Path, args: Sequence[str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -m chaos "$@" >&-', sys.executable, *args],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "stdout is closed" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_nobodys_mistake(tmp_path: Path) -> None:
    done = chaos(tmp_path, "list", stdout=None)
    assert (done.returncode, done.stderr) == (0, "")
