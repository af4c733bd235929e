"""Forks a process for each command of the tool that a test asks for, so that its imports are paid for once.

A process of its own, not the test's, since that one has threads. Each line of its input is a request; see
`tests.commands`. What a command sees is what it would see from a shell: its arguments, environment, folder and streams.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from typing import Any, NoReturn

# Everything that commands import late; what is missing here is imported anew by each of them.
_LATE = (
    "chaos.cli.again",
    "chaos.cli.catalogue",
    "chaos.cli.command",
    "chaos.cli.diagnose",
    "chaos.cli.doctor",
    "chaos.cli.listing",
    "chaos.cli.many",
    "chaos.cli.past",
    "chaos.cli.recover",
    "chaos.cli.run",
    "chaos.cli.sandbox",
    "chaos.cli.saved",
    "kubernetes.aio.client",
    "kubernetes.aio.config",
    "pandas",
)


def main() -> None:
    """Serve until the input ends."""
    requests, replies = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 0)
    os.dup2(silence, 1)
    for name in _LATE:
        __import__(name)
    for line in requests:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            requests.close()
            replies.close()
            _become(request)
        signal.signal(signal.SIGALRM, lambda *_, pid=pid: os.kill(pid, signal.SIGKILL))
        signal.alarm(request["timeout_s"])
        _, status = os.waitpid(pid, 0)
        signal.alarm(0)
        print(os.waitstatus_to_exitcode(status), file=replies, flush=True)


def _become(request: dict[str, Any]) -> NoReturn:
    """Run a command as a shell would have started it."""
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            os.dup2(_opened(request[name], number), number)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.argv = ["chaos", *request["arguments"]]
        runpy.run_module("chaos", run_name="__main__")
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter would show it
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _opened(path: str, number: int) -> int:
    """A stream's file; of the empty path a pipe whose reader has left."""
    if path:
        return os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY)
    reader, writer = os.pipe()
    os.close(reader)
    return writer


if __name__ == "__main__":
    main()
