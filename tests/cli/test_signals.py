"""Signals: the first one undoes, the second leaves and says how to go on, and none shows a traceback."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.cli.early import STOPS, finish_with, leave_quietly
from chaos.cli.signals import RunSignals, leaving
from tests.cli.test_programs import read_until
from tests.commands import ROOT, started


class Left(BaseException):
    """In place of the process's end."""


@pytest.fixture
def leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> None:
        raise Left(code)

    monkeypatch.setattr("chaos.cli.signals.os._exit", leave)


def raised(number: int) -> int:
    """The exit code with which a signal ended this process; 0 where it did not."""
    try:
        os.kill(os.getpid(), number)
    except Left as left:
        return int(left.args[0])
    return 0


class Run:
    """Stands for a run and its loop."""

    def __init__(self, recovery: str = "") -> None:
        self.command = recovery
        self.interrupted = 0

    def interrupt(self) -> None:
        self.interrupted += 1

    def recovery(self) -> str:
        return self.command

    def is_closed(self) -> bool:
        return False

    def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
        call()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_each_of_the_signals_undoes_and_reports(tmp_path: Path, number: signal.Signals) -> None:
    """SIGINT: see `test_programs`."""
    args = ("run", "identity-persistence", "--sandbox", "--trials", "50", "--reports", str(tmp_path))
    with started(*args) as process:
        read_until(process.stderr, "trial 1")
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "cleaned up: deleted Namespace" in said
    (folder,) = tmp_path.glob("identity-persistence/*")
    assert json.loads((folder / "run.json").read_text())["status"] == "interrupted"


def test_the_second_one_leaves_at_once_with_5_and_the_whole_command_that_goes_on(tmp_path: Path) -> None:
    with started(tmp_path, module="tests.cli.left_at_once") as process:
        read_until(process.stderr, "deploying web")
        process.send_signal(signal.SIGQUIT)
        read_until(process.stderr, "cleaning up")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()
    assert process.returncode == 5
    (folder,) = tmp_path.glob("identity-persistence/*")
    words = ["chaos", "recover", str(folder), "--kubeconfig", "/etc/the lab", "--context", "lab"]
    assert said.splitlines()[-1] == f"left at once; undo what is left with: {shlex.join(words)}"


@pytest.mark.usefixtures("leaves")
def test_the_second_one_where_nothing_is_left_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    run = Run()
    with RunSignals() as signals:
        signals._execution, signals._loop = run, run  # type: ignore[assignment]
        assert (raised(signal.SIGINT), raised(signal.SIGINT)) == (0, 130)
    assert run.interrupted == 1
    assert "nothing is left to be undone" in capfd.readouterr().err


@pytest.mark.usefixtures("leaves")
def test_a_terminal_that_goes_away_twice_ends_the_run_once(capfd: pytest.CaptureFixture[str]) -> None:
    run = Run("chaos recover x")
    with RunSignals() as signals:
        signals._execution, signals._loop = run, run  # type: ignore[assignment]
        assert [raised(signal.SIGHUP) for _ in range(3)] == [0, 0, 0]
        assert raised(signal.SIGINT) == 5
    assert run.interrupted == 1
    assert capfd.readouterr().err.count("interrupted") == 1


@pytest.mark.usefixtures("leaves")
def test_before_anything_may_be_begun_one_is_enough_and_after_all_is_told_it_changes_no_exit_code() -> None:
    with RunSignals() as signals:
        assert raised(signal.SIGINT) == 130
        signals.told(5)
        assert raised(signal.SIGTERM) == 5


@pytest.mark.usefixtures("leaves")
def test_where_the_loop_has_ended_without_anything_begun_it_just_leaves() -> None:
    run = Run()
    with RunSignals() as signals:
        loop = asyncio.new_event_loop()
        loop.close()
        signals._execution, signals._loop = run, loop
        assert raised(signal.SIGTERM) == 130


@pytest.mark.usefixtures("leaves")
@pytest.mark.parametrize("number", STOPS)
def test_when_all_is_told_no_signal_changes_the_exit_code(number: signal.Signals) -> None:
    before = signal.signal(number, leave_quietly)
    try:
        finish_with(5)
        assert raised(number) == 5
    finally:
        signal.signal(number, before)


def test_under_nohup_a_hangup_stays_ignored_and_what_was_there_before_comes_back() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        with RunSignals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not interrupt
        assert signal.getsignal(signal.SIGINT) is interrupt
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("leaves")
def test_what_recovers_leaves_with_5_and_says_how_to_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    with leaving("chaos recover here"):
        assert raised(signal.SIGTERM) == 5
    assert "go on with: chaos recover here\n" in capfd.readouterr().err


# Starts the tool and interrupts it after so many seconds: an alarm, so that it is surely this process that began.
_INTERRUPTED_AFTER = """
import os, runpy, signal, sys
number = int(sys.argv[2])
signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)  # as at a terminal
signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), number))
from chaos.cli import before
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
sys.argv = ["chaos", *sys.argv[3:]]
runpy.run_module("chaos", run_name="__main__", alter_sys=True)
"""


_MOMENTS = [(0.0005, 2), (0.02, 15), (0.05, 2), (0.1, 1), (0.2, 3), (0.4, 2), (0.8, 15)]


@pytest.mark.parametrize(("after_s", "number"), _MOMENTS)
def test_a_signal_while_it_imports_itself_shows_no_traceback_and_exits_with_130(
    tmp_path: Path, after_s: float, number: int
) -> None:
    """Whatever it is at by then; `benchmarks.signals` tries more moments."""
    arguments = ["run", "identity-persistence", "--sandbox", "--trials", "500", "--reports", str(tmp_path)]
    program = [sys.executable, "-c", _INTERRUPTED_AFTER, str(after_s), str(number), *arguments]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert "KeyboardInterrupt" not in done.stderr
