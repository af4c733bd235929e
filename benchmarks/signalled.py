"""One `chaos run` that gets a signal, and what the cluster held in the instant at which it left."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd  # noqa: F401 - what a report imports late

import kubesim
from benchmarks.second_person_looks import state_of
from chaos.cli import one
from chaos.cli import run as _run  # noqa: F401 - likewise
from chaos.cli.early import take_over
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.journal import JOURNAL, Journal
from chaos.engine.place import Place
from chaos.errors import ChaosError
from chaos.experiment import Options
from chaos.model.object import Object
from chaos.model.recording import RUN

_OPTIONS = ("--period", "1s", "--connect-period", "1s", "--allow-kube-system")
# With these all its checks hold.
HOLDS = ("--period", "250ms", "--connect-period", "250ms", "--allow-kube-system")
_IMPORTS_S = 1.5  # about; a signal after that meets a run
_LIMIT_S = 120


@dataclass(slots=True)
class Died:
    """How it left.

    Attributes:
        left: of the cluster, what was other than before.
        signals: that it got.
        open: what its journal says is to be undone: kind, namespace and name.
    """

    code: int
    said: str
    cpu_s: float = 0.0
    left: list[str] = field(default_factory=list)
    signals: int = 0
    folder: Path | None = None
    status: str = ""
    open: set[tuple[str, str, str]] = field(default_factory=set)

    def covers(self, left: str) -> bool:
        """Whether the journal has it: by its name, with its namespace, or with what owns it."""
        kind, namespace, name = left.split("/", 2)
        if (kind, namespace, name) in self.open or ("Namespace", "", namespace) in self.open:
            return True
        return kind == "ReplicaSet" or name == "chaos-identity-run"


def _arguments(experiment: str, reports: Path) -> list[str]:
    return ["run", experiment, "--sandbox", *_OPTIONS, "--reports", str(reports)]


def importing(experiment: str, reports: Path, number: int, share: float) -> Died:
    """A process of its own, which gets the signal at a share of the time that it takes to import itself."""
    with subprocess.Popen(
        [sys.executable, "-m", "chaos", *_arguments(experiment, reports)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _wait_for_cpu(process.pid, share * _IMPORTS_S)
        process.send_signal(number)
        _, said = process.communicate(timeout=_LIMIT_S)
    return _died(process.returncode, said, reports)


def _wait_for_cpu(pid: int, cpu_s: float) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    while True:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if (int(fields[11]) + int(fields[12])) / tick >= cpu_s or fields[0] == "Z":
            return
        time.sleep(0.002)


def running(experiment: str, reports: Path, number: int | None, at_s: float, second_s: float | None) -> Died:
    """A child of this process, which has imported all; it gets the signal at that second of its CPU time."""
    reports.mkdir(parents=True)
    gc.collect()
    pid = os.fork()
    if pid == 0:
        try:
            _become(_arguments(experiment, reports), reports, number, at_s, second_s)
        finally:
            in_vain()
    _, status, usage = os.wait4(pid, 0)
    died = _died(os.waitstatus_to_exitcode(status), (reports / "stderr").read_text(), reports)
    died.cpu_s = usage.ru_utime + usage.ru_stime
    with contextlib.suppress(OSError):
        seen = json.loads((reports / "left").read_text())
        died.left, died.signals = seen["left"], seen["signals"]
    return died


def _died(code: int, said: str, reports: Path) -> Died:
    died = Died(code, said)
    died.folder = next((path.parent for path in reports.rglob(JOURNAL)), None)
    if died.folder is not None:
        with contextlib.suppress(OSError, ValueError):
            died.status = json.loads((died.folder / RUN).read_text())["status"]
        with contextlib.suppress(ChaosError):
            entries = Journal.load(died.folder / JOURNAL).open_entries()
            died.open = {(entry.kind, entry.namespace, entry.name) for entry in entries}
    return died


# ---- in the child ----


class Instants:
    """Sends this process the signals, and sees what the cluster holds when it leaves."""

    def __init__(self, reports: Path, number: int | None, at_s: float, second_s: float | None) -> None:
        self._reports, self._number, self._second_s = reports, number, second_s
        self._sandbox: kubesim.Cluster | None = None
        self._before: dict[Any, Object] = {}
        self._sent = 0
        self._leave = os._exit
        os._exit = self.leave  # type: ignore[assignment]
        if number is not None:
            take_over()  # the tool's first line; what comes before is this benchmark's
            signal.signal(signal.SIGPROF, self._send)
            signal.setitimer(signal.ITIMER_PROF, max(at_s, 1e-4))

    def _send(self, *_: object) -> None:
        assert self._number is not None
        self._sent += 1
        if self._sent == 1 and self._second_s is not None:
            signal.setitimer(signal.ITIMER_PROF, max(self._second_s, 1e-4))
        # A terminal that goes away says so more than once, and that is no second signal.
        second = signal.SIGTERM if self._sent > 1 and self._number == signal.SIGHUP else self._number
        os.kill(os.getpid(), second)

    def leave(self, code: int) -> NoReturn:
        """In place of `os._exit`."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        (self._reports / "left").write_text(json.dumps({"left": self.left(), "signals": self._sent}))
        self._leave(code)

    def look_at(self, sandbox: kubesim.Cluster) -> None:
        """This is how it is before."""
        self._sandbox, self._before = sandbox, state_of(sandbox.store)

    def left(self) -> list[str]:
        """What is other than before now."""
        left = []
        if self._sandbox is not None:
            store = self._sandbox.store
            now = state_of(store)
            changed = [key for key in self._before.keys() | now.keys() if self._before.get(key) != now.get(key)]
            going = [key for key in changed if (store.get(*key) or {}).get("metadata", {}).get("deletionTimestamp")]
            left = sorted("/".join(key) for key in changed if key not in going or key[0] == "Namespace")
        return left

    @asynccontextmanager
    async def open_place(self, *_: Any, **_more: Any) -> AsyncIterator[Place]:
        """In place of the sandbox: one that is taken for a real cluster."""
        async with kubesim.Cluster(seed=1) as sandbox:
            self.look_at(sandbox)
            address = ClusterAddress(context="lab", url=sandbox.url, connector=sandbox.connector())
            yield Place(address, sandbox.vantage, "lab", virtual_time=True, seed=1)


def _become(arguments: list[str], reports: Path, number: int | None, at_s: float, second_s: float | None) -> NoReturn:
    """Be that command."""
    settle_in(reports)
    instants = Instants(reports, number, at_s, second_s)
    as_if_real(instants)
    instants.leave(called(arguments))


def in_vain() -> NoReturn:
    """A child that could not become what it should must not go on as its parent."""
    traceback.print_exc()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def settle_in(reports: Path) -> None:
    """Streams, state folder and signals of a process of its own."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(reports / name, os.O_WRONLY | os.O_CREAT), descriptor)
    os.environ["XDG_STATE_HOME"] = str(reports / "state")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def called(arguments: list[str]) -> int:
    """The exit code of a command."""
    sys.argv = ["chaos", *arguments]
    code: Any = 0
    try:
        runpy.run_module("chaos", run_name="__main__", alter_sys=True)
    except SystemExit as exc:
        code = exc.code
    sys.stderr.flush()
    return code if isinstance(code, int) else 1 if code else 0


def as_if_real(instants: Instants) -> None:
    """Have the sandbox taken for a real cluster."""
    setattr(one, "open_place", instants.open_place)  # noqa: B010 - it is imported there
    options_for, call = one.options_for, Cluster._call  # noqa: SLF001 - the sandbox lacks a kind

    def mirrored(*given: Any) -> Options:
        return replace(options_for(*given), local_journal_only=False)

    async def allowed(self: Cluster, method: str, kind: str, *args: Any, **more: Any) -> Object:
        if kind == "SelfSubjectAccessReview":
            return {"status": {"allowed": True}}
        return await call(self, method, kind, *args, **more)

    setattr(one, "options_for", mirrored)  # noqa: B010 - likewise
    Cluster._call = allowed  # type: ignore[method-assign]  # noqa: SLF001 - likewise
