"""What cannot be written neither ends a command nor changes what it found, and is told in one message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_result import own
from tests.commands import ROOT, run_command, started

FULL = Path("/dev/full")
# What is typed → the exit code of what it finds. RUN is a run that did not hold.
LINES = {
    "--help": 0,
    "--version": 0,
    "run --help": 0,
    "list": 0,
    "list -o json": 0,
    "show dns-basics": 0,
    "show dns-basics -o json": 0,
    "runs": 0,
    "report RUN": 0,
    "report RUN --full": 0,
    "check RUN --experiment MINE": 1,
    "check RUN --experiment MINE -o json": 1,
    "version": 0,
    "diagnose -f MANIFEST": 0,
    "manifests namespace": 0,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run did not hold."""
    folder = tmp_path_factory.mktemp("streams")
    assert run_command("run", own(folder, ["it is wrong"]), "--sandbox", "--quiet", folder=folder).returncode == 1
    return folder


def said(folder: Path, line: str, **elsewhere: Path | None) -> subprocess.CompletedProcess[str]:
    (run,) = folder.glob("reports/mine/*")
    named = {"RUN": run, "MINE": folder / "mine.py", "MANIFEST": ROOT / "experiments" / "manifests" / "web.yaml"}
    return run_command(*(named.get(word, word) for word in line.split()), folder=folder, elsewhere=elsewhere)


@pytest.mark.parametrize("line", LINES)
def test_a_reader_that_leaves_is_nobodys_mistake(folder: Path, line: str) -> None:
    done = said(folder, line, stdout=None)
    assert (done.returncode, done.stderr) == (LINES[line], "")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("line", LINES)
def test_a_full_disk_behind_stdout_is_told_and_never_ends_with_0(folder: Path, line: str) -> None:
    """What was found weighs more than that it could not be said."""
    done = said(folder, line, stdout=FULL)
    assert done.returncode == (LINES[line] or 2)
    assert done.stderr.splitlines() == [
        "chaos: stdout could not be written: No space left on device",
        "  what is there is incomplete; write it elsewhere",
    ]


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("line", ["list -x", "recover", "check RUN --experiment MINE"])
def test_a_full_disk_behind_stderr_changes_nothing(folder: Path, line: str) -> None:
    whole, cut = said(folder, line), said(folder, line, stderr=FULL)
    assert (cut.returncode, cut.stdout) == (whole.returncode, whole.stdout)


@pytest.mark.parametrize(("closed", "code"), [("<&-", 0), ("2>&-", 0), (">&-", 2)])
def test_of_closed_streams_only_stdout_matters(closed: str, code: int) -> None:
    command = ["/bin/sh", "-c", f'exec "$0" -m chaos version {closed}', sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == code
    assert (done.stdout == "") == (code != 0)


@pytest.mark.parametrize("most_bytes", [0, 2_000])
def test_a_disk_that_is_full_is_named_with_the_next_step(tmp_path: Path, most_bytes: int) -> None:
    """Files of a process may be so large only: at once, or when the report is written."""
    arguments = ("run", own(tmp_path), "--sandbox", "--reports", tmp_path / "reports", "-q")
    with started(*arguments, most_bytes=most_bytes) as process:
        _, said = process.communicate()
    assert process.returncode == 4
    assert "File too large" in said
    assert "make room" in said
    assert "Traceback" not in said
    assert "defect" not in said
