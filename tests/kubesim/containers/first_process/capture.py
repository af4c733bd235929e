"""Asks the shells of this machine what becomes PID 1 of each form, and writes the table.

    python -m tests.kubesim.containers.first_process.capture

It needs Debian's packages bash, dash and busybox-static. Each form runs `/bin/sleep 5` somewhere; what is written is
whether that program has the shell's own process, or is its child.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

FORMS = Path(__file__).with_name("forms.json")
TABLE = Path(__file__).with_name("recorded.json")
SHELLS = {"ash": ["busybox", "ash"], "bash": ["bash"], "dash": ["dash"]}
_VERSIONS = {
    "ash": ["busybox"],
    "bash": ["bash", "--version"],
    "dash": ["dpkg-query", "-Wf", "dash ${Version}\n", "dash"],
}
_SLEEP = ["/bin/sleep", "5"]
_LOOKS, _EVERY_S = 400, 0.01


def main() -> None:
    """Write the table."""
    versions = {name: _first_line(command) for name, command in _VERSIONS.items()}
    rows = [[form, {name: first_process(name, form) for name in SHELLS}] for form in json.loads(FORMS.read_text())]
    TABLE.write_text(json.dumps({"versions": versions, "rows": rows}, indent=1) + "\n")


def first_process(shell: str, form: str) -> str:
    """``command`` or ``shell``: what has the process that was started; ``none`` where the form never gets there."""
    process = subprocess.Popen(
        [*SHELLS[shell], "-c", form],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(_LOOKS):
            if _arguments(process.pid)[:2] == _SLEEP:
                return "command"
            if any(_arguments(child)[:2] == _SLEEP for child in _below(process.pid)):
                return "shell"
            if process.poll() is not None:
                return "none"
            time.sleep(_EVERY_S)
    finally:
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
    raise TimeoutError(f"{shell} never came to the command of {form!r}")


def _below(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _below(child)


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()[0]


if __name__ == "__main__":
    main()
