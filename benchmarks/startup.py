"""How long the command line makes one wait."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pty
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent

_ROUNDS = 8
_BARE = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "x") -> None:
    "One."
    print(name)
@app.command()
def two(name: str = "x") -> None:
    "Two."
app()
"""
_SCRIPT = """
import sys
from chaos.cli.main import main
sys.exit(main())
"""
# What is typed → whether at a terminal. Before "TAB" stands a line that the shell asks to complete.
_OURS = {
    "--help": False,
    "run --help": False,
    "list": False,
    "runs": False,
    "version": False,
    "--version": False,
    " TAB": False,
    "run TAB": False,
    "run --TAB": False,
    "report TAB": False,
    "list at a terminal": True,
    "--help at a terminal": True,
}
_THEIRS = {"--help": False, "one": False, " TAB": False, "--help at a terminal": True}


@dataclass(frozen=True, slots=True)
class Startup:
    """How long something took at least, and that against the bare program.

    Attributes:
        ratio: to the fastest that the bare program did; of what rich draws at a terminal, to its help there.
    """

    what: str
    wall_s: float
    ratio: float


def startups() -> list[Startup]:
    """Of each line, ours and the bare program's in turns, so that what else the machine does meets both."""
    with tempfile.TemporaryDirectory() as folder:
        bare, ours = Path(folder) / "bare", Path(folder) / "chaos"
        bare.write_text(_BARE)
        ours.write_text(_SCRIPT)
        lines = {("bare", line): (str(bare), line, there) for line, there in _THEIRS.items()}
        lines |= {("chaos", line): (str(ours), line, there) for line, there in _OURS.items()}
        took: dict[tuple[str, str], float] = dict.fromkeys(lines, math.inf)
        for _ in range(_ROUNDS):
            for key, (program, line, there) in lines.items():
                took[key] = min(took[key], _typed_s(program, line, terminal=there))
    drawn_s = took["bare", "--help at a terminal"]
    least_s = min(seconds for (program, _), seconds in took.items() if program == "bare")
    return [
        Startup(f"{name} {line}", seconds, seconds / (drawn_s if line == "--help at a terminal" else least_s))
        for (name, line), seconds in took.items()
    ]


def _typed_s(program: str, line: str, *, terminal: bool) -> float:
    """From the start of a program until it has ended."""
    name, words, environment = Path(program).name, line.removesuffix(" at a terminal").split(), {}
    if line.endswith("TAB"):
        typed = f"{name} {line.removesuffix('TAB').lstrip()}"
        words, environment = [], {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        environment[f"_{name.upper()}_COMPLETE"] = "complete_bash"
    command = [sys.executable, program, *words]
    whole = {**os.environ, "PYTHONPATH": str(_ROOT), "COLUMNS": "120", **environment}
    reader, writer = pty.openpty() if terminal else os.pipe()
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=writer, stderr=subprocess.DEVNULL, env=whole, cwd=_ROOT)
    os.close(writer)
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes any more
        while os.read(reader, 1 << 16):
            pass
    os.close(reader)
    if process.wait() != 0:
        raise RuntimeError(f"{name} {line} ended with {process.returncode}")
    return time.perf_counter() - began


def diagnosis_s(objects: int = 30) -> float:
    """The shortest of five: seconds from the start of `chaos diagnose` on so many objects until it has ended."""
    manifest = (_ROOT / "experiments" / "manifests" / "web.yaml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        chart, took = Path(folder) / "chart.yaml", math.inf
        chart.write_text("\n---\n".join(manifest.replace(": web", f": web{i}") for i in range(objects // 2)))
        command = [sys.executable, "-m", "chaos", "diagnose", str(chart), "--fail-on", "error"]
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, cwd=_ROOT)
            took = min(took, time.perf_counter() - began)
    return took


def first_api_call_s() -> float:
    """Median seconds from the start of `chaos run --context` until its first API request arrives."""
    return sorted(_first_api_call_s() for _ in range(5))[2]


def _first_api_call_s() -> float:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        path = Path(folder) / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.getsockname()[1]}"}}],
                    "users": [{"name": "u", "user": {}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "chaos", "run", "identity-persistence", "--context", "x", "--kubeconfig", str(path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "KUBECONFIG": ""},
        )
        connection, _ = server.accept()
        connection.recv(1)
        took = time.perf_counter() - began
        connection.close()
        process.kill()
        process.wait()
    return took


if __name__ == "__main__":
    for one in startups():
        print(f"{one.what:32} {one.wall_s:.3f} s  {one.ratio:.2f}")
    print(f"diagnose of 30 objects {diagnosis_s():.2f} s")
    print(f"first API call {first_api_call_s():.2f} s")
