"""Runs commands of the tool as a user does, from a shell that is no terminal, each in a process of its own."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

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
    with tempfile.TemporaryDirectory() as kept:
        streams = {name: Path(kept) / name for name in ("stdin", "stdout", "stderr")}
        for path in streams.values():
            path.write_text("")
        streams["stdin"].write_text(given)
        words = [str(one) for one in arguments]
        request = _request(words, folder, environment, streams)
        code = _asked(
            {**request, **{name: str(path or "") for name, path in elsewhere.items()}, "timeout_s": timeout_s}
        )
        said = {name: path.read_text() for name, path in streams.items()}
    return subprocess.CompletedProcess(["chaos", *words], code, said["stdout"], said["stderr"])


class Command:
    """A command that runs beside its test, as `subprocess.Popen` has one."""

    def __init__(self, pid: int, stdout: TextIO, stderr: TextIO) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def communicate(self, timeout_s: int = 60) -> tuple[str, str]:
        """What else it says until it ends; after that time it is killed."""
        with ThreadPoolExecutor(2) as beside:
            said = [beside.submit(stream.read) for stream in (self.stdout, self.stderr) if not stream.closed]
            self.returncode = _asked({"wait_for": self.pid, "timeout_s": timeout_s})
            out, *errors = [one.result() for one in said]
        return out, "".join(errors)


@contextmanager
def started(
    *arguments: str | Path, folder: Path = ROOT, module: str = "chaos", most_bytes: int | None = None
) -> Iterator[Command]:
    """`chaos ARGUMENTS`, or another program of Python, beside the test; killed if it is still there at the end.

    Args:
        arguments: of the command.
        folder: that it is started in.
        module: that is run.
        most_bytes: that a file may have which it writes; None: as many as there is room for.
    """
    with tempfile.TemporaryDirectory() as kept:
        streams = {name: Path(kept) / name for name in ("stdin", "stdout", "stderr")}
        streams["stdin"].touch()
        os.mkfifo(streams["stdout"])
        os.mkfifo(streams["stderr"])
        request = _request([str(one) for one in arguments], folder, None, streams)
        pid = _asked({**request, "module": module, "most_bytes": most_bytes, "beside": True})
        with streams["stdout"].open() as stdout, streams["stderr"].open() as stderr:
            command = Command(pid, stdout, stderr)
            try:
                yield command
            finally:
                if command.returncode is None:
                    command.send_signal(signal.SIGKILL)
                    command.communicate()


def _request(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None, streams: Mapping[str, Path]
) -> dict[str, Any]:
    """What the server is asked to become."""
    return {
        "module": "chaos",
        "arguments": words,
        "folder": str(folder),
        "environment": dict(os.environ if environment is None else environment),
        "most_bytes": None,
        **{name: str(path) for name, path in streams.items()},
    }


def _asked(request: Mapping[str, Any]) -> int:
    """What the server answers."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    print(json.dumps(request), file=server.stdin, flush=True)
    return int(server.stdout.readline())
