"""Runs on a real cluster, killed after a line of their journals, and recovered.

``python -m benchmarks.crash_real --context NAME`` runs each experiment as a user does, once to its end, and then
``--kills`` times until its journal has a certain line, seeded (``--every N``: each Nth instead), when SIGKILL ends its
process group. It is recovered by turns on the same machine, and on another one: another host name, a fresh home,
no folder of runs, so by what stands in the cluster alone. Then every object of every kind that the API server lists is
compared with before (`tests/unchanged.py`): labels, annotations, finalizers, owners, spec, data and UIDs.

It needs kubectl, ``unshare`` (another host name), and a place that reaches pods and cluster DNS. CoreDNS and nodes are
changed by it. Exits 1 where anything is not as before, or was not told by `chaos status`.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.real_cluster import RealCluster
from chaos.cluster.journal import JOURNAL, Journal
from chaos.engine.lease import DURATION_S

_MINE = "mine"  # stands for the namespace that is somebody's
_OWN, _EXISTING, _TARGET = "own namespace", "existing namespace", "own StatefulSet"


class Way(NamedTuple):
    """One way to run an experiment."""

    experiment: str
    name: str
    words: tuple[str, ...] = ()


_ONE = ("--trials", "1", "--grace", "1s")
WAYS = (
    Way("dns-outage", _OWN, ("--allow-kube-system",)),
    Way("dns-degraded", _OWN, ("--allow-kube-system",)),
    Way("node-drain", _OWN, ("--allow-nodes", "--grace", "1s")),
    Way("broken-servicename", _OWN),
    Way("broken-servicename", _EXISTING, ("-n", _MINE)),
    Way("scale-cycle", _OWN),
    Way("identity-persistence", _OWN, _ONE),
    Way("identity-persistence", _TARGET, ("-n", _MINE, "--target", "statefulset/theirs", *_ONE)),
    Way("cross-namespace", _OWN),
    Way("service-types", _OWN),
)
HERE, ELSEWHERE = "same machine", "other machine"
_HEAD = ("experiment", "way", "killed after line", "recovered from", "exit code", "not as before")
_POLL_S = 0.002
_WITHIN_S = 300  # of a command
_UNDER_WAY = 3
# After the line, at most: then the request that it is about may be unsent, or answered.
_JITTER_S = 0.3
_OVER = -1  # after no line


@dataclass(frozen=True, slots=True)
class Machine:
    """Where commands are typed.

    Attributes:
        home: has the user's key, or does not.
        reports: where runs are kept.
        other: whether it has another host name.
    """

    context: str
    home: Path
    reports: Path
    other: bool = False

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command of the tool, in a process group of its own."""
        command = [sys.executable, "-m", "chaos", *words, "--context", self.context, "--reports", str(self.reports)]
        if self.other:
            command = ["unshare", "-r", "-u", "sh", "-c", 'hostname another && exec "$@"', "sh", *command]
        kubeconfig = os.environ.get("KUBECONFIG", str(Path.home() / ".kube" / "config"))
        mine = {"HOME": str(self.home), "XDG_STATE_HOME": str(self.home / "state"), "KUBECONFIG": kubeconfig}
        return subprocess.Popen(
            command,
            env=os.environ | mine,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def does(self, *words: str) -> tuple[int, str]:
        """Exit code, and all that is said."""
        process = self.start(*words)
        said, _ = process.communicate(timeout=_WITHIN_S)
        return process.returncode, said


def run(machine: Machine, words: Sequence[str], last: int, after_s: float) -> tuple[int, Path | None, int, str]:
    """Run until the journal has so many lines; returns the exit code, the journal, its lines, and what was said."""
    process = machine.start("run", *words, "-q")
    journal: Path | None = None
    until = time.monotonic() + _WITHIN_S
    while process.poll() is None and time.monotonic() < until:
        journal = journal or next(machine.reports.glob(f"*/*/{JOURNAL}"), None)
        if last != _OVER and journal is not None and _lines(journal) >= last:
            time.sleep(after_s)
            break
        time.sleep(_POLL_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    said, _ = process.communicate()
    journal = journal or next(machine.reports.glob(f"*/*/{JOURNAL}"), None)
    return process.returncode, journal, _lines(journal) if journal is not None else 0, said


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n")


def recover(here: Machine, elsewhere: Machine | None, run_id: str) -> tuple[str, str]:
    """What a person does; returns the exit codes and what was said."""
    if elsewhere is None:
        code, said = here.does("recover")
        return str(code), said
    until = time.monotonic() + 3 * DURATION_S
    while True:  # until its Lease runs out nobody there can know that it is dead
        code, said = elsewhere.does("recover", "--from-cluster", run_id, "--yes")
        if code != _UNDER_WAY or time.monotonic() > until:
            break
        time.sleep(10.0)
    codes, heard = [code], said
    if "has no journal of a run" in said:  # all that it did is what it made, which its label tells: as the hint says
        while code and time.monotonic() < until:
            code, said = elsewhere.does("cleanup", "--run", run_id, "--yes")
            codes, heard = [*codes, code], heard + said
            time.sleep(5.0 if code else 0.0)
    return ", ".join(map(str, dict.fromkeys(codes))), heard


def killed(cluster: RealCluster, way: Way, last: int, after_s: float, place: str) -> tuple[list[str], int, bool]:
    """One run and its death; prints its row, and returns what is wrong, its journal's lines, and if it died."""
    with tempfile.TemporaryDirectory() as base:
        homes = [Path(base) / name for name in ("here", "there")]
        here, there = (Machine(cluster.context, home, home / "reports", home is homes[1]) for home in homes)
        for home in homes:
            home.mkdir()
        before = cluster.everything()
        code, journal, lines, said = run(here, [way.experiment, *way.words], last, after_s)
        exit_code, told, heard = str(code), True, said
        died = code == -signal.SIGKILL
        if journal is not None and died:
            run_id = str(Journal.load(journal).run["id"])
            elsewhere = there if place == ELSEWHERE else None
            told = run_id in (elsewhere or here).does("status")[1] or not cluster.settled(before, journal)
            exit_code, heard = recover(here, elsewhere, run_id)
        found = cluster.settled(before, journal)
        found += [] if told else ["what was changed was not told"]
        found += ["a traceback was shown"] if "Traceback" in heard else []
        if journal is not None and died and exit_code.rpartition(" ")[2] != "0":
            found.append(f"the recovery ended with {exit_code}")
        if found:
            kept = shutil.copytree(base, Path(tempfile.gettempdir()) / f"crash-real-{secrets.token_hex(3)}")
            print(f"{way.experiment}: kept in {kept}\n{heard}", file=sys.stderr, flush=True)
        if died and last == _OVER:
            found.append(f"it did not end within {_WITHIN_S} s")
        after = str(lines) if died else f"its end, {lines}"
        row = (way.experiment, way.name, after, place if died else "", exit_code, "; ".join(found))
        print("| " + " | ".join(row) + " |", flush=True)
        return found, lines, died


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--context", required=True, metavar="NAME", help="of the kubeconfig")
    parser.add_argument("--only", nargs="*", default=[one.experiment for one in WAYS], metavar="NAME")
    parser.add_argument(
        "--way", nargs="*", default=[one.name for one in WAYS], metavar="WAY", help="as the table has it"
    )
    parser.add_argument("--kills", type=int, default=3, help="of each way to run an experiment")
    parser.add_argument("--every", type=int, default=0, metavar="N", help="after each Nth line instead")
    parser.add_argument(
        "--after", nargs="*", type=int, default=[], help="after these lines instead, without a whole run"
    )
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    cluster = RealCluster(asked.context)
    print("| " + " | ".join(_HEAD) + " |\n|---|---|--:|---|---|---|", flush=True)
    wrong = deaths = 0
    with cluster.somebody() as namespace:
        for way in (one for one in WAYS if one.experiment in asked.only and one.name in asked.way):
            rng = random.Random(f"{asked.seed}/{way.experiment}/{way.name}")
            named = way._replace(words=tuple(namespace if word == _MINE else word for word in way.words))
            chosen: Sequence[int] = asked.after
            if not chosen:
                found, whole, _ = killed(cluster, named, _OVER, 0.0, "")
                wrong += bool(found)
                every = range(asked.every, whole + 1, asked.every or 1)
                chosen = every if asked.every else sorted(rng.sample(range(1, whole + 1), min(asked.kills, whole)))
            for last in chosen:
                after_s = rng.choice((0.0, rng.uniform(0.0, _JITTER_S)))
                found, _, died = killed(cluster, named, last, after_s, (HERE, ELSEWHERE)[deaths % 2])
                deaths, wrong = deaths + died, wrong + bool(found)
    print(f"\n{deaths} kills, {wrong} rows with something wrong")
    return 1 if wrong or not deaths else 0


if __name__ == "__main__":
    sys.exit(main())
