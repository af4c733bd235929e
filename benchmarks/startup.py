"""How long the command line makes one wait."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_RUNS = 7
_BARE = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "x") -> None:
    "One."
@app.command()
def two(name: str = "x") -> None:
    "Two."
app()
"""


def _wall_s(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - began


def help_times() -> tuple[float, float]:
    """Median seconds of `chaos --help` and of a bare typer program's, taken in turns."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(_BARE)
        ours, theirs = [], []
        for _ in range(_RUNS + 1):
            ours.append(_wall_s([sys.executable, "-m", "chaos", "--help"]))
            theirs.append(_wall_s([sys.executable, str(bare), "--help"]))
    return sorted(ours[1:])[_RUNS // 2], sorted(theirs[1:])[_RUNS // 2]


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
    print(help_times(), first_api_call_s())
