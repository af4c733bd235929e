"""Runs whose API server fails: what becomes of verdicts, and what is left.

``python -m benchmarks.api_faults --runs 100 --share 0.01 0.1 0.5`` runs a few cheap experiments by turns, in virtual
time, while that share of all requests is refused, cut off, answered with an error or late (`kubesim.api.faults`).
All their checks hold when nothing happens to requests, so what fails is a wrong verdict; what the simulated cluster
holds afterwards is compared with what it held before. Same seeds, same table. ``--stall`` counts silent stalls, where
no answer ever comes, apart; ``--tcp`` runs in real time through a relay that resets connections besides.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kubesim
from benchmarks.unsteady_relay import UnsteadyRelay
from chaos.analysis.reading import Reading
from chaos.cli.saved import concluded
from chaos.errors import ChaosError
from chaos.experiment import Options, find_experiment
from chaos.experiment.judging import judges_of, statements
from chaos.model import RunOutcome
from kubesim import VirtualDeadlockError, VirtualTimeLoop
from kubesim.api.faults import KINDS, STALL, ApiFaults
from kubesim.store import Store
from tests.sandboxed import run_on

EXPERIMENTS = (
    "identity-persistence",
    "node-drain",
    "scale-cycle",
    "dns-outage",
    "rolling-update",
    "broken-servicename",
)
SHARES = (0.01, 0.1, 0.5)
# Of virtual time: twice what any of them may take, and the rollback's time.
_HANGS_AFTER_S = 3600.0
# What is on its way out when a run ends is gone by then, or stays.
_SETTLES_S, _SETTLES_REALLY_S = 40.0, 2.0
# What comes and goes by itself.
_PASSING = frozenset({"Event", "Pod", "ReplicaSet", "EndpointSlice", "Endpoints", "Lease"})
_KEPT = ("spec", "data", "labels", "annotations")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        outcome: HELD, FAILED, …; ``NOT BEGUN`` where nothing was done, ``HANGS``.
        verdicts: by checker.
        told: what it says was not undone.
        left: what was really left, or is other than before.
        why: what it said.
    """

    outcome: str
    verdicts: dict[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    why: str = ""

    @property
    def untold(self) -> tuple[str, ...]:
        """What was left without a word."""
        return tuple(name for name in self.left if not any(_names(told, name) for told in self.told))

    @property
    def reached(self) -> bool:
        """Whether every checker reached a verdict."""
        return self.outcome in (RunOutcome.HELD.word, RunOutcome.FAILED.word)


def _names(told: str, left: str) -> bool:
    """Whether a sentence names an object, or the namespace that it is in."""
    kind, namespace, name = left.split("/")[:3]
    return f"{kind} {name}" in told or (bool(namespace) and f"Namespace {namespace}" in told)


def run(name: str, seed: int, share: float, kinds: Collection[str] = KINDS, *, over_tcp: bool = False) -> Ended:
    """Run one experiment.

    Args:
        name: of the experiment.
        seed: of the cluster, and of what happens to requests.
        share: of requests to which something happens.
        kinds: what may happen.
        over_tcp: in real time, through a relay that resets connections beside that.
    """
    loop = None if over_tcp else VirtualTimeLoop
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(_run(name, seed, share, kinds, Path(folder), over_tcp=over_tcp))


async def _run(name: str, seed: int, share: float, kinds: Collection[str], reports: Path, *, over_tcp: bool) -> Ended:
    sandbox, relay = kubesim.Cluster(seed=seed, realtime=over_tcp), None
    try:
        await sandbox.start()
        before = _state(sandbox.store)
        sandbox.api.faults = ApiFaults(share, seed, kinds) if share else None
        if over_tcp:
            relay = UnsteadyRelay(int(sandbox.api.url.rpartition(":")[2]), share, seed)
            await relay.start()
            sandbox.api.url = f"http://127.0.0.1:{relay.port}"
        try:
            async with asyncio.timeout(_HANGS_AFTER_S):
                ended = await _measured(sandbox, name, reports, realtime=over_tcp)
        except (TimeoutError, VirtualDeadlockError) as exc:
            ended = Ended("HANGS", why=str(exc))
        sandbox.api.faults = None
        await asyncio.sleep(_SETTLES_REALLY_S if over_tcp else _SETTLES_S)
        left = tuple(_differences(before, _state(sandbox.store)))
        return Ended(ended.outcome, ended.verdicts, ended.told, left, ended.why)
    finally:
        if relay is not None:
            relay.stop()
        await sandbox.stop()


async def _measured(sandbox: kubesim.Cluster, name: str, reports: Path, *, realtime: bool) -> Ended:
    experiment = find_experiment(name)
    trials = (1 if realtime else 2) if "trials" in experiment.declared else None
    options = Options(trials=trials, grace_s=1, period_s=0.25, connect_period_s=0.25)
    try:
        ran = await run_on(sandbox, reports, options, experiment, realtime=realtime)
    except ChaosError as exc:
        return Ended("NOT BEGUN", why=exc.message)
    history, error = ran.history, ran.result.error
    if error is not None:
        history.meta.measurement |= {"ended_early": error.message, "ended_early_exit_code": error.exit_code}
    reading = Reading(history)
    conclusion = concluded(reading, statements(reading, judges_of(reading, experiment)))
    verdicts = {verdict.checker: verdict.outcome.value for verdict in conclusion.said.verdicts}
    told = tuple(f"{one.message} {one.hint}" for one in ran.result.leftovers)
    return Ended(conclusion.ending.outcome.word, verdicts, told, why=conclusion.ending.line)


def _state(store: Store) -> dict[str, Any]:
    """What may not be other after a run than before it."""
    found: dict[str, Any] = {}
    for kind in sorted(store.kinds()):
        for obj in store.list(kind):
            meta = obj["metadata"]
            key = f"{kind}/{meta.get('namespace', '')}/{meta['name']}"
            if kind in _PASSING and meta.get("namespace", "").startswith("kube-"):
                continue
            if kind == "Event":
                continue
            kept = {part: (obj.get(part) or meta.get(part)) for part in _KEPT}
            found[key] = (meta["uid"], kept)
    return found


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterable[str]:
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield key


@dataclass(slots=True)
class Total:
    """What became of some runs."""

    runs: int = 0
    reached: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    left: int = 0
    untold: list[str] = field(default_factory=list)
    only_told: int = 0

    def add(self, name: str, seed: int, ended: Ended) -> None:
        """Count one."""
        which = f"{name} {seed}"
        self.runs += 1
        self.reached += ended.reached
        self.outcomes[ended.outcome] += 1
        self.left += bool(ended.left)
        self.only_told += bool(ended.told and not ended.left)
        if ended.outcome == "HANGS":
            self.hangs.append(which)
        if ended.untold:
            self.untold.append(f"{which}: {', '.join(ended.untold)}")
        self.wrong += [f"{which}: {checker}" for checker, outcome in ended.verdicts.items() if outcome == "fail"]


def total(
    share: float,
    seeds: Iterable[int],
    names: Sequence[str] = EXPERIMENTS,
    kinds: Collection[str] = KINDS,
    *,
    over_tcp: bool = False,
    verbose: bool = False,
) -> Total:
    """Run the experiments by turns, one for each seed."""
    found = Total()
    for seed in seeds:
        name = names[seed % len(names)]
        ended = run(name, seed, share, kinds, over_tcp=over_tcp)
        found.add(name, seed, ended)
        if verbose:
            left = f" LEFT {ended.left} TOLD {ended.told}" if ended.left or ended.told else ""
            print(f"{share:g} {name} {seed}: {ended.outcome}: {ended.why[:200]}{left}", flush=True)
    return found


def main() -> int:
    """Print a row for each share; 1 where a verdict is wrong, a run hangs, or something is left that is not told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--share", type=float, nargs="*", default=SHARES)
    parser.add_argument("--only", nargs="*", default=EXPERIMENTS)
    parser.add_argument("--stall", action="store_true")
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("-v", action="store_true")
    given = parser.parse_args()
    bad = 0
    print("share | runs | verdict reached | wrong verdicts | hangs | something left | left, not told | told, not left")
    for share in given.share:
        began_s = time.process_time()
        seeds = range(given.first, given.first + given.runs)
        kinds = (STALL,) if given.stall else KINDS
        found = total(share, seeds, given.only, kinds, over_tcp=given.tcp, verbose=given.v)
        numbers = (found.runs, found.reached, len(found.wrong), len(found.hangs))
        more = (found.left, len(found.untold), found.only_told)
        print(" | ".join(map(str, (f"{share:.0%}", *numbers, *more))), dict(found.outcomes))
        problems = (*found.wrong, *found.hangs, *found.untold)
        bad += len(problems)
        for problem in problems:
            print(f"  {problem}")
        print(f"  {time.process_time() - began_s:.0f} s of CPU", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
