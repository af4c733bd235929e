"""Help shows whole names, whatever the width, and a misspelt word is told with what was meant."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from chaos.cli.commands import NAMES
from chaos.options.table import known_options
from tests.commands import ROOT, run_command

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def at_terminal(width: int, *args: str) -> str:
    """What a command shows there, without colours."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "chaos", *args]
    shown = b""
    with subprocess.Popen(
        command, stdin=writer, stdout=writer, stderr=writer, cwd=ROOT, env={**environment, "TERM": "xterm"}
    ) as process:
        os.close(writer)
        try:
            while more := os.read(reader, 1 << 16):
                shown += more
        except OSError:  # how a terminal says that nobody writes any more
            pass
    os.close(reader)
    assert process.returncode == 0
    return _COLOURS.sub("", shown.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("width", [60, 80, 99, 100, 120, 200])
def test_no_name_is_cut_at_a_terminal(width: int) -> None:
    shown = at_terminal(width, "run", "--help")
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    names = {f"--{name}" for name, one in known_options().items() if not one.hidden}
    assert names <= set(re.findall(r"--[\w-]+", shown))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_list_is_folded_at_a_terminal_and_loses_no_word(width: int) -> None:
    shown = at_terminal(width, "list")
    assert max(map(len, shown.splitlines())) < width
    whole = run_command("list").stdout
    assert shown.split() == whole.split()


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), *((name,) for name in NAMES)])
def test_each_command_has_help(command: tuple[str, ...], flag: str) -> None:
    done = run_command(*command, flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(["Usage: chaos", *command]))
    assert "…" not in done.stdout
    assert "[[" not in done.stdout
    assert "<bool>" not in done.stdout


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("rn", "chaos has no command 'rn'", "did you mean run or runs?"),
        ("quux", "chaos has no command 'quux'", f"known: {', '.join(NAMES)}"),
        ("list --outptu json", "chaos list has no option --outptu", "did you mean --output?"),
        ("report x --ful", "chaos report has no option --ful", "did you mean --full?"),
        ("list -x", "chaos list has no option -x", "chaos list --help shows what there is"),
        ("run --trials", "Option '--trials' requires an argument", "chaos run --help shows what there is"),
        ("check", "Missing argument 'RUN'", "chaos check --help shows what there is"),
        (
            "run identity-persistance --sandbox",
            "there is no experiment 'identity-persistance'",
            "did you mean identity-persistence? chaos list shows all; to name a file of your own: ./my_experiment.py",
        ),
        (
            "show quux",
            "there is no experiment 'quux'",
            "chaos list shows all; to name a file of your own: ./my_experiment.py",
        ),
    ],
)
def test_a_wrong_word_is_told_with_what_was_meant(line: str, said: str, hint: str) -> None:
    done = run_command(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"chaos: {said}", f"  {hint}"]


def test_show_names_the_faults_that_an_experiment_makes_and_durations_with_their_unit() -> None:
    lines = run_command("show", "dns-caching").stdout.splitlines()
    faults = [line for line in lines if line.startswith("faults: ")]
    assert faults == ["faults: DeletePod: Delete one pod of a StatefulSet, whose controller replaces it."]
    assert "duration: 75s" in lines
    assert "timeout per trial: 240s" in lines
