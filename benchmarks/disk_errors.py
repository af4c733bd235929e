"""A disk that fails at each operation of a run, and of `recover`, `cleanup` and `status`: is the cluster as before?

``python -m benchmarks.disk_errors`` runs each command on the sandbox in virtual time, taken for a real cluster, once
for each operation that writes below its reports and its state folder (open, write, fsync, mkdir, rename, link, …) and
each way to fail: no space, an I/O error, no access, a write cut short, and a disk that is full from then on. Of a run
that died, `recover` and `status` find CoreDNS at 0 replicas, and `cleanup` what it had made. A violation is: a
traceback or a defect; anything of the cluster left that is not told by name, or with exit code 0; exit code 0 where a
part of the result is missing or cannot be read back; and a `recover` or `cleanup` after which the same command, on a
disk that works again, does not leave all as before. Exits with 1 on any. ``--share`` takes a sample.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import kubesim
from benchmarks.faulty_disk import KINDS, FaultyDisk
from benchmarks.signalled import HOLDS, Instants, as_if_real, called, in_vain, settle_in
from chaos.cli import cleanup, recover, recover_cluster, saved, status
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster, Object
from chaos.cluster.connection import connect
from chaos.cluster.journal import JOURNAL
from chaos.engine import execution
from chaos.engine.execution import Execution
from chaos.engine.lease import DURATION_S
from chaos.engine.place import Place
from chaos.engine.progress import Silence
from chaos.errors import ApiError, ChaosError
from chaos.experiment import Options, find_experiment
from kubesim import VirtualTimeLoop
from tests.mortal import Mortal

COMMANDS = ("run", "recover", "cleanup", "status")
_EXPERIMENT = "dns-outage"
# What the run had just done when it died: scaled CoreDNS, or only made things of its own.
_DIED_AFTER = {
    "recover": ("patch", "Deployment"),
    "status": ("patch", "Deployment"),
    "cleanup": ("post", "StatefulSet"),
}
_TRACES = ("Traceback", "Exception ignored", "a defect of this tool")
_RESULT = (
    "run.json",
    "report.md",
    "events.jsonl",
    "observations.jsonl",
    "recoveries.csv",
    "summary.csv",
    "timeline.svg",
)


@dataclass(slots=True)
class Ended:
    """How a command ended on such a disk.

    Attributes:
        operations: that it asked of the disk.
        failed: which one failed; empty: none.
        again: exit code of the same command afterwards, on a disk that works, and what was left then.
        lost: what of the result is not there, or cannot be read.
    """

    code: int
    said: str
    operations: int = 0
    failed: str = ""
    left: list[str] = field(default_factory=list)
    again: tuple[int, list[str]] | None = None
    lost: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What must not be."""
        found = [f"it says {trace!r}" for trace in _TRACES if trace in self.said]
        if self.code not in (0, 2, 3, 4, 5):
            found.append(f"exit code {self.code}")
        if self.left and self.code == 0:
            found.append(f"exit code 0, and left: {self.left}")
        untold = [one for one in self.left if not self._tells(one)]
        if untold:
            found.append(f"left, and nobody was told: {untold}")
        if self.lost and self.code == 0:
            found.append(f"exit code 0, and lost: {self.lost}")
        if self.again is not None and (self.again[0] or self.again[1]):
            found.append(f"the same again: exit code {self.again[0]}, left: {self.again[1]}")
        return found

    def _tells(self, left: str) -> bool:
        kind, namespace, name = left.split("/", 2)
        return f"{kind} {name}" in self.said or f"Namespace {namespace}" in self.said or "chaos recover" in self.said


def ended(command: str, base: Path, at: int, kind: str) -> Ended:
    """Run it in a process of its own."""
    base.mkdir(parents=True)
    gc.collect()
    pid = os.fork()
    if pid == 0:
        try:
            _become(command, base, at, kind)
        finally:
            in_vain()
    _, how = os.waitpid(pid, 0)
    code, said = os.waitstatus_to_exitcode(how), (base / "stderr").read_text() + (base / "stdout").read_text()
    try:
        seen = json.loads((base / "seen").read_text())
    except OSError:
        return Ended(code, said)
    again = tuple(seen["again"]) if seen["again"] else None
    lost = _lost(base / "files") if command == "run" else []
    return Ended(code, said, seen["operations"], seen["failed"], seen["left"], again, lost)


def _lost(reports: Path) -> list[str]:
    folder = next((path.parent for path in reports.rglob(JOURNAL)), None)
    if folder is None:
        return ["all of it"]
    lost = [name for name in _RESULT if not (folder / name).is_file()]
    try:
        if saved.load_run(folder).status != "complete" or saved.stored_statements(folder) is None:
            lost.append("its end")
    except ChaosError as exc:
        lost.append(exc.message)
    return lost


# ---- in the child ----


def _become(command: str, base: Path, at: int, kind: str) -> NoReturn:
    files = base / "files"
    files.mkdir()
    settle_in(base)
    os.environ["XDG_STATE_HOME"] = str(files / "state")
    instants = Instants(base, None, 0.0, None)
    as_if_real(instants)
    disk = FaultyDisk(files, at, kind)
    again = None
    if command == "run":
        disk.install()
        code = called(["run", _EXPERIMENT, "--sandbox", *HOLDS, "--reports", str(files)])
        left = instants.left()
    else:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            words = _after_a_death(command, files, runner, instants)
            disk.install()
            code = called(words)
            runner.run(asyncio.sleep(60))
            left = instants.left() if command != "status" else []
            if command != "status":
                disk._at = 0  # noqa: SLF001 - it works again
                said = sys.stderr.fileno()
                os.ftruncate(said, os.fstat(said).st_size)
                second = called(words)
                runner.run(asyncio.sleep(60))
                again = (second, instants.left())
    seen = {"operations": disk.operations, "failed": disk.failed, "left": left, "again": again}
    disk._at = 0  # noqa: SLF001 - likewise
    (base / "seen").write_text(json.dumps(seen))
    instants.leave(code)


class _Doomed(Mortal):
    def __init__(self, cluster: Cluster, last: tuple[str, str]) -> None:
        super().__init__(cluster, -1, answered=True, error=lambda: ApiError("it is gone"))
        self._last = last

    async def call(self, method: str, *args: Any, **more: Any) -> Object:
        if args[0] == "SelfSubjectAccessReview":
            return {"status": {"allowed": True}}
        answer = await super().call(method, *args, **more)
        self.is_dead = self.is_dead or (method, args[0]) == self._last
        return answer


def _after_a_death(command: str, files: Path, runner: asyncio.Runner, instants: Instants) -> list[str]:
    """A run that died; returns the command line that is tried then."""

    async def made() -> kubesim.Cluster:
        return kubesim.Cluster(seed=1)

    sandbox = runner.run(made())

    async def connected(_address: ClusterAddress, namespace: str = "") -> Cluster:
        address = ClusterAddress(context="lab", url=sandbox.api.url, connector=sandbox.api.connector())
        return await connect(address, namespace)

    async def doomed(address: ClusterAddress, namespace: str = "") -> Cluster:
        cluster = await connected(address, namespace)
        _Doomed(cluster, _DIED_AFTER[command])
        return cluster

    async def dies() -> None:
        await sandbox.start()
        await asyncio.sleep(5)
        instants.look_at(sandbox)
        setattr(execution, "connect", doomed)  # noqa: B010 - it is imported there
        options = Options(period_s=1.0, connect_period_s=1.0, allow_kube_system=True)
        place = Place(ClusterAddress(context="lab"), sandbox.vantage, "lab", virtual_time=True, seed=1)
        experiment = find_experiment(_EXPERIMENT)
        result = await Execution(experiment, options, place, files, Silence(), lambda _folder, _history: None).run()
        assert result.leftovers
        await asyncio.sleep(3 * DURATION_S)

    runner.run(dies())
    for module in (recover, recover_cluster, cleanup, status):
        setattr(module, "connect", connected)  # noqa: B010 - likewise
    asyncio.run = runner.run  # type: ignore[assignment]
    more = ["--yes"] if command == "cleanup" else []
    return [command, "--reports", str(files), "--context", "lab", *more]


def main() -> None:
    """Print a row for each command and way to fail."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--commands", nargs="*", default=COMMANDS)
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-v", action="store_true")
    given = parser.parse_args()
    began_s, bad = time.monotonic(), 0
    rows = []
    with tempfile.TemporaryDirectory() as base:
        for command in given.commands:
            whole = ended(command, Path(base) / command, 0, "")
            print(f"{command}: {whole.operations} operations, exit code {whole.code} {whole.problems()}", flush=True)
            for kind in given.kinds:
                rng = random.Random(f"{given.seed}/{command}/{kind}")
                codes: Counter[int] = Counter()
                violations = 0
                for at in range(1, whole.operations + 1):
                    if rng.random() >= given.share:
                        continue
                    one = ended(command, Path(base) / f"{command}-{kind}-{at}", at, kind)
                    codes[one.code] += 1
                    violations += bool(one.problems())
                    if one.problems() or given.v:
                        what = f"{command}, {kind} at {at} ({one.failed})"
                        print(f"  {what}: exit code {one.code} {one.problems()}", flush=True)
                bad += violations
                tries, how = sum(codes.values()), dict(sorted(codes.items()))
                rows.append(f"{command:7} | {kind:17} | {tries:5} | {violations:10} | {how}")
    print("command | the disk          | tries | violations | exit codes")
    print("\n".join(rows))
    print(f"{time.monotonic() - began_s:.0f} s")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
