"""--quiet tells the result alone, --verbose each change and each check; a list of checks says which it has."""

from __future__ import annotations

import asyncio
from io import StringIO
from pathlib import Path

import pytest

from chaos.cli.console import SteadfastConsole
from chaos.cli.terminal import Telling, TerminalProgress, print_checks
from chaos.model import ClusterEvent, Verdict, VerdictOutcome
from kubesim import VirtualTimeLoop
from tests.cli.test_result import own
from tests.commands import run_command

OK, FAIL, UNKNOWN = VerdictOutcome.OK, VerdictOutcome.FAIL, VerdictOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("outcomes", "every", "head"),
    [
        ([OK], False, ""),
        ([FAIL], False, "1 of 1 check is not ok:"),
        ([OK, OK, UNKNOWN], False, "1 of 3 checks is not ok:"),
        ([OK, FAIL, UNKNOWN], False, "2 of 3 checks are not ok:"),
        ([OK], True, "1 check:"),
        ([OK, FAIL], True, "2 checks:"),
    ],
)
def test_a_list_of_checks_says_which_it_has(
    capsys: pytest.CaptureFixture[str], outcomes: list[VerdictOutcome], every: bool, head: str
) -> None:
    print_checks([Verdict(f"check-{n}", one, "why") for n, one in enumerate(outcomes)], every=every)
    lines = capsys.readouterr().out.splitlines()
    listed = [f"{one.value:8}check-{n}: why" for n, one in enumerate(outcomes) if every or one is not OK]
    assert lines == (["", head, *listed] if head else [])


def event(kind: str, version: int, **status: object) -> ClusterEvent:
    seen = {"metadata": {"uid": kind, "name": "web-0", "resourceVersion": str(version)}, "spec": {}, "status": status}
    return ClusterEvent(0, "MODIFIED", kind, "default", "web-0", kind, seen)


def told(telling: Telling, *events: ClusterEvent) -> list[str]:
    """What a run's progress shows of these."""
    out = StringIO()

    async def tell() -> None:
        progress = TerminalProgress(SteadfastConsole(file=out), lambda: 2.0, telling)
        for one in events:
            progress.event(1.0, one)
        progress.step("next")

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(tell())
    return [line.strip() for line in out.getvalue().splitlines()]


CHANGES = (
    event("Pod", 1, phase="Pending"),
    event("Pod", 2, phase="Pending", startTime="now"),
    event("EndpointSlice", 3),
    event("Pod", 4, phase="Running"),
)


def test_quiet_nothing_is_told_on_the_way() -> None:
    assert told(Telling.QUIET, *CHANGES) == []


def test_usually_the_states_of_pods_are_told() -> None:
    assert told(Telling.NORMAL, *CHANGES) == [
        "1.000 s    pod web-0: Pending",
        "1.000 s    pod web-0: Running",
        "2.000 s  next",
    ]


def test_verbose_each_change_of_each_object_is_told() -> None:
    assert told(Telling.VERBOSE, *CHANGES) == [
        "1.000 s    pod web-0: modified, version 1: Pending",
        "1.000 s    pod web-0: modified, version 2: Pending",
        "1.000 s    endpointSlice web-0: modified, version 3",
        "1.000 s    pod web-0: modified, version 4: Running",
        "2.000 s  next",
    ]


def test_a_quiet_run_has_its_result_on_stdout_and_nothing_on_stderr(tmp_path: Path) -> None:
    done = run_command("run", own(tmp_path), "--sandbox", "--quiet", folder=tmp_path)
    (report,) = tmp_path.glob("reports/mine/*/report.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["HELD (simulated): 1 of 1 check", str(report.relative_to(tmp_path))]


def test_a_quiet_run_still_says_what_went_wrong(tmp_path: Path) -> None:
    done = run_command("run", own(tmp_path, undoes="never"), "--sandbox", "-q", folder=tmp_path)
    assert done.returncode == 5
    assert "could not be deleted: a defect of this tool: TypeError" in done.stderr


def test_several_quiet_runs_have_one_result(tmp_path: Path) -> None:
    done = run_command("run", own(tmp_path), "stateful-networking", "--sandbox", "-q", folder=tmp_path)
    (report,) = tmp_path.glob("reports/overview/*/report.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == [str(report.relative_to(tmp_path))]


def test_a_verbose_run_ends_with_all_checks_and_check_lists_all_of_them(tmp_path: Path) -> None:
    file = own(tmp_path)
    done = run_command("run", file, "--sandbox", "--verbose", folder=tmp_path)
    checks = ["1 check:", "ok      right: yes"]
    assert [line for line in done.stdout.splitlines() if "check:" in line or "right" in line] == checks
    (run,) = tmp_path.glob("reports/mine/*")
    again = run_command("check", run, "--experiment", file, folder=tmp_path).stdout.splitlines()
    assert again[2:-2] == ["", *checks, ""]


def test_quiet_and_verbose_exclude_each_other(tmp_path: Path) -> None:
    done = run_command("run", own(tmp_path), "--sandbox", "-q", "-v", folder=tmp_path)
    assert done.returncode == 2
    assert "exclude each other" in done.stderr
