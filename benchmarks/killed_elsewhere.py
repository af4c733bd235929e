"""Runs killed at each of their writes on the sandbox, and recovered from another machine: is all as before?

python benchmarks/killed_elsewhere.py [--every N] EXPERIMENT…

Each write of a run is one at which it dies once, before the request is sent and after it was answered with nobody there
to hear it. Then a machine without its folder and its key does what a person would: `chaos recover --from-cluster` where
the cluster has a mirror, and `chaos cleanup --run`. Objects are compared by spec, data, labels, annotations, finalizers
and UID.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from chaos.cli.cleanup import CleanupRequest, clean_cluster
from chaos.cli.terminal import SteadfastConsole
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.mirror import find_mirrors
from chaos.engine import execution
from chaos.errors import ApiError, ChaosError
from chaos.experiment import Options, find_experiment
from tests.cluster.test_foreign_journals import everything
from tests.diagnose.clusters import Place, run
from tests.engine.test_mirrors import from_elsewhere
from tests.mortal import Mortal, shape
from tests.sandboxed import run_on

_OPTIONS = Options(period_s=1.0, allow_kube_system=True, allow_nodes=True)
_SETTLED_S = 60.0  # controllers take taints off, pods come back


@dataclass
class Killed:
    """What became of one run."""

    died: bool = False
    told: bool = False  # the cluster had a mirror
    untold: list[str] = field(default_factory=list)  # what was another, with no mirror that said so
    left: list[str] = field(default_factory=list)


def killed(name: str, at: int, *, answered: bool) -> Killed:
    """Kill it at one write, and recover."""
    found = Killed()
    mortals: list[Mortal] = []

    async def doomed(address: ClusterAddress, namespace: str = "") -> Cluster:
        cluster = await connect(address, namespace)
        mortals.append(Mortal(cluster, at, answered=answered, error=lambda: ApiError("it is gone")))
        return cluster

    async def story(place: Place) -> None:
        await asyncio.sleep(5)
        before = shape(await everything(place))
        setattr(execution, "connect", doomed)  # noqa: B010 - it is imported there
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(ChaosError):
            await run_on(place.sandbox, Path(folder), _OPTIONS, find_experiment(name), mirror=True)
        found.died = mortals[0].is_dead
        await asyncio.sleep(_SETTLED_S)
        now = shape(await everything(place))
        mirrors = (await find_mirrors(place.cluster)).open
        found.told = bool(mirrors)
        if not mirrors:
            found.untold = [f"{key}" for key in before if now.get(key) != before[key]]
        with tempfile.TemporaryDirectory() as empty:
            for copy in mirrors:
                found.left += [e.message for e in await from_elsewhere(place, Path(empty), str(copy.run["id"]))]
            left = await place.cluster.list("Namespace", "", "chaos-identity.io/run")
            runs = frozenset(row["metadata"]["labels"]["chaos-identity.io/run"] for row in left[0])
            everywhere = frozenset(
                row["metadata"]["labels"]["chaos-identity.io/run"]
                for row in (await place.cluster.list("PersistentVolume", "", "chaos-identity.io/run"))[0]
            )
            request = CleanupRequest(ClusterAddress(context="c"), Path(empty), runs | everywhere, agreed=True)
            while await clean_cluster(place.cluster, request, SteadfastConsole(stderr=True)) and not found.left:
                found.left.append("cleanup did not end with 0")
        await asyncio.sleep(_SETTLED_S)
        after = shape(await everything(place))
        found.left += [f"{key}" for key in before.keys() | after.keys() if before.get(key) != after.get(key)]

    with contextlib.redirect_stderr(io.StringIO()):
        run(story)
    return found


def main() -> None:
    """Print a row for each experiment and way to die."""
    parser = argparse.ArgumentParser()
    parser.add_argument("experiments", nargs="+")
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    print("experiment            dies      kills  with a mirror  changed and untold  not as before")
    for name in asked.experiments:
        for answered in (False, True):
            rows: list[Killed] = []
            at = 1
            while (one := killed(name, at, answered=answered)).died:
                rows.append(one)
                for problem in (*one.untold, *one.left):
                    print(f"  {name} at write {at}: {problem}")
                at += asked.every
            how = "answered" if answered else "unsent"
            counts = (
                len(rows),
                sum(r.told for r in rows),
                sum(bool(r.untold) for r in rows),
                sum(bool(r.left) for r in rows),
            )
            print(f"{name:21} {how:9} {counts[0]:5}  {counts[1]:13}  {counts[2]:18}  {counts[3]:13}", flush=True)


if __name__ == "__main__":
    main()
