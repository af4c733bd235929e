"""Forks a process for each command of the tool that a test asks for, so that its imports are paid for once.

A process of its own, not the test's, since that one has threads. Each line of its input is a request; see
`tests.commands`. What a command sees is what it would see from a shell: its arguments, environment, folder and streams.
One that runs beside its test is begun by one request, answered with its process id, and awaited by another.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import runpy
import signal
import sys
from typing import Any, NoReturn

from chaos.report.rendering import compiled

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
    for template in ("report.md.j2", "overview.md.j2", "timeline.svg.j2"):
        compiled(template)
    gc.collect()
    gc.freeze()  # no command looks for garbage among what they all share
    for line in requests:
        request = json.loads(line)
        pid = request.get("wait_for") or os.fork()
        if pid == 0:
            requests.close()
            replies.close()
            _become(request)
        print(pid if request.get("beside") else _exit_code(pid, request["timeout_s"]), file=replies, flush=True)


def _exit_code(pid: int, timeout_s: int) -> int:
    """Of a command that ends by then, or is killed."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(timeout_s)
    _, status = os.waitpid(pid, 0)
    signal.alarm(0)
    return os.waitstatus_to_exitcode(status)


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
        if request["most_bytes"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["most_bytes"], request["most_bytes"]))
        sys.argv = [request["module"], *request["arguments"]]
        runpy.run_module(request["module"], run_name="__main__")
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
