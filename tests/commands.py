"""Runs commands of the tool as a user does, from a shell that is no terminal, each in a process of its own."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parent.parent


@cache
def _server() -> subprocess.Popen[str]:
    """One for each process that runs tests; it ends with it."""
    arguments = [sys.executable, "-m", "tests.command_server"]
    server = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    atexit.register(server.communicate)
    return server


def run_command(
    *arguments: str | Path,
    folder: Path = ROOT,
    given: str = "",
    environment: Mapping[str, str] | None = None,
    timeout_s: int = 120,
    elsewhere: Mapping[str, Path | None] = MappingProxyType({}),
) -> subprocess.CompletedProcess[str]:
    """`chaos ARGUMENTS`.

    Args:
        arguments: of the command.
        folder: that it is started in.
        given: its standard input.
        environment: the whole of it; None: that of the tests.
        timeout_s: after which it is killed (exit code -9).
        elsewhere: where `stdout` or `stderr` goes instead; None: into a pipe that nobody reads any more.
    """
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as kept:
        streams = {name: Path(kept) / name for name in ("stdin", "stdout", "stderr")}
        for path in streams.values():
            path.write_text("")
        streams["stdin"].write_text(given)
        words = [str(one) for one in arguments]
        request = {
            "arguments": words,
            "folder": str(folder),
            "environment": dict(os.environ if environment is None else environment),
            "timeout_s": timeout_s,
            **{name: str(path) for name, path in streams.items()},
            **{name: str(path or "") for name, path in elsewhere.items()},
        }
        print(json.dumps(request), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        said = {name: path.read_text() for name, path in streams.items()}
    return subprocess.CompletedProcess(["chaos", *words], code, said["stdout"], said["stderr"])
