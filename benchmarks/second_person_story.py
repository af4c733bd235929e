"""One run with a second person in it, on a sandbox of its own, from the first request to the last look."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from benchmarks.second_person_acts import ACTS, Key, Person
from benchmarks.second_person_looks import judged, state_of
from chaos.cli.cleanup import CleanupRequest, clean_cluster
from chaos.cli.console import SteadfastConsole
from chaos.cli.recover_cluster import ClusterRequest, recover_in
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.entry import RUN_LABEL
from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.mirror import find_mirrors
from chaos.cluster.signing import user_key
from chaos.engine import execution
from chaos.engine.consent import OPT_IN_LABEL
from chaos.engine.execution import Execution
from chaos.engine.lease import DURATION_S
from chaos.engine.mirrors import settle
from chaos.engine.place import Place as PlaceOfRun
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.errors import ApiError, ChaosError
from chaos.experiment import Options, find_experiment
from chaos.model.object import Object
from kubesim import VirtualDeadlockError
from kubesim.store import Store
from tests.diagnose.clusters import Place, run

MODES = ("own", "existing", "adopted")
ENDS = ("runs on", "recover", "recover unsigned", "recover elsewhere", "cleanup")
_NAMESPACE = "mine"
_DIES_AFTER = 2  # writes
_SETTLES_S = 60.0
_HANGS_AFTER_S = 7200.0


@dataclass(frozen=True, slots=True)
class Case:
    """What is tried.

    Attributes:
        mode: the run's namespace is its own, one that exists, or one with somebody's workload that it is pointed at.
        at: which of the run's writes he acts at.
        moment: before it is sent, or after it was answered.
        end: what becomes of the run then.
    """

    experiment: str
    mode: str
    act: str
    at: int
    moment: str
    end: str

    def __str__(self) -> str:
        how = f"{self.moment} write {self.at} of {self.experiment} ({self.mode} namespace) somebody {self.act}"
        return f"{how}; {self.end}"


@dataclass(slots=True)
class Ended:
    """What became of it.

    Attributes:
        told: what was said to be left.
        problems: what must not be.
    """

    acted: bool = False
    told: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    writes: int = 0


class Watched:
    """The run's connection: somebody acts at one of its writes, and it may end at a later one."""

    def __init__(self, cluster: Cluster, case: Case, meet: Callable[[Key, str], Awaitable[bool]], found: Ended) -> None:
        self._call, self._case, self._meet, self._found = cluster._call, case, meet, found  # noqa: SLF001 - as tests do
        self._is_dead = False
        cluster._call = self.call  # type: ignore[method-assign]  # noqa: SLF001

    async def call(self, method: str, kind: str, *args: Any, **more: Any) -> Object:
        """In place of `Cluster._call`."""
        if self._is_dead:
            raise ApiError("it is gone")
        if kind == "SelfSubjectAccessReview":  # the sandbox allows everything, and knows no such question
            return {"status": {"allowed": True}}
        if method == "get" or kind == "Lease":
            return await self._call(method, kind, *args, **more)
        self._found.writes += 1
        meta = (more.get("body") or {}).get("metadata") or {}
        key = (kind, more.get("namespace", ""), more.get("name") or str(meta.get("name", "")))
        label = str((meta.get("labels") or {}).get(RUN_LABEL, ""))
        at = self._case.at
        if self._case.end != "runs on" and self._found.writes > at + _DIES_AFTER:
            self._is_dead = True
            raise ApiError("it is gone")
        # Between the last look into a namespace and its deletion nobody can be noticed: Kubernetes has no such guard.
        is_too_late = (method, kind) == ("delete", "Namespace")
        if self._found.writes == at and self._case.moment == "before" and not is_too_late:
            self._found.acted = await self._meet(key, label)
        try:
            return await self._call(method, kind, *args, **more)
        finally:
            if self._found.writes == at and self._case.moment == "after":
                self._found.acted = await self._meet(key, label)


@cache
def writes_of(name: str, mode: str) -> int:
    """How many writes a run has that is left alone; 0 where it cannot be in that mode."""
    if mode == "adopted" and not find_experiment(name).any_target:
        return 0
    return told_story(Case(name, mode, "", 0, "", "runs on")).writes


def told_story(case: Case) -> Ended:
    """Run it, and look."""
    found = Ended()

    async def story(place: Place) -> None:
        await _prepared(place, case)
        before = state_of(place.sandbox.store)
        with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, XDG_STATE_HOME=f"{folder}/state"):
            try:
                async with asyncio.timeout(_HANGS_AFTER_S):
                    person = await _acted(place, case, Path(folder), found)
            except (TimeoutError, VirtualDeadlockError) as exc:
                found.problems.append(f"hangs: {exc}")
                return
        await asyncio.sleep(_SETTLES_S)
        if found.acted or case.end == "runs on":
            found.problems += judged(before, place.sandbox.store, person, found.told)

    with contextlib.redirect_stderr(io.StringIO()):
        run(story)
    return found


def _options(case: Case) -> Options:
    where = {} if case.mode == "own" else {"namespace": _NAMESPACE}
    if case.mode == "adopted":
        where |= {"target": "statefulset/web"}
    experiment = find_experiment(case.experiment)
    trials = 1 if "trials" in experiment.declared else None
    consents = {"allow_kube_system": True, "allow_nodes": True}
    return Options(period_s=1.0, connect_period_s=1.0, trials=trials, within_s=30, **where, **consents)  # type: ignore[arg-type]


async def _prepared(place: Place, case: Case) -> None:
    if case.mode != "own":
        meta = {"name": _NAMESPACE, "labels": {OPT_IN_LABEL: "true"}}
        await place.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    if case.mode == "adopted":
        experiment = find_experiment(case.experiment)
        assert experiment.workload is not None
        for manifest in experiment.workload.manifests:
            for obj in yaml.safe_load_all(experiment.manifest_path(manifest).read_text()):
                obj["metadata"]["namespace"] = _NAMESPACE
                await place.cluster.create(obj)
    await asyncio.sleep(_SETTLES_S if case.mode == "adopted" else 5)


async def _acted(place: Place, case: Case, folder: Path, found: Ended) -> Person:
    address = ClusterAddress(url=place.sandbox.url, connector=place.sandbox.connector())
    his = await connect(address)
    his._transport._client.user_agent = "kubectl-edit/v1.37.2"  # noqa: SLF001 - as the API server knows him
    person = Person(
        his, "", "" if case.mode == "own" else _NAMESPACE, ("", "", ""), partial(_sign, place.sandbox.store)
    )

    async def meet(key: Key, label: str) -> bool:
        person.subject = key
        await _find_run(person, label)
        try:
            return await ACTS[case.act](person)
        except ApiError:  # such as that the namespace is on its way out
            return False

    async def watched(address: ClusterAddress, namespace: str = "") -> Cluster:
        cluster = await connect(address, namespace)
        Watched(cluster, case, meet, found)
        return cluster

    setattr(execution, "connect", watched)  # noqa: B010 - it is imported there
    try:
        await _to_its_end(place, case, folder, found)
    finally:
        setattr(execution, "connect", connect)  # noqa: B010 - likewise
        await his.close()
    return person


def _sign(store: Store, key: Key) -> None:
    found = store.get(*key)
    assert found is not None
    found["metadata"]["managedFields"] = [{"manager": "kubectl-create", "operation": "Update"}]


async def _find_run(person: Person, label: str) -> None:
    """Whose run it is, and where, as far as that can be seen by now."""
    person.run = person.run or label
    for row in (await person.cluster.list("Namespace", "", RUN_LABEL))[0]:
        person.run = str(row["metadata"]["labels"][RUN_LABEL])
        if not person.namespace and not row["metadata"]["name"].endswith("-other"):
            person.namespace = str(row["metadata"]["name"])
    if not person.run:
        for row in (await person.cluster.list("Lease", "", RUN_LABEL))[0]:
            person.run = str(row["metadata"]["labels"][RUN_LABEL])


async def _to_its_end(place: Place, case: Case, folder: Path, found: Ended) -> None:
    try:
        result = await _execution(place, case, folder).run()
    except ChaosError as exc:
        if case.act:
            found.told.append(exc.message)  # nothing was begun
            return
        raise
    error, left = result.error, result.leftovers
    if case.end == "runs on":
        found.told += [f"{one.message} {one.hint}" for one in left]
    said = [error.message] if error is not None else []
    found.problems += [one for one in (*said, *found.told) if "defect" in one]
    if case.end == "runs on" or not found.acted:
        return
    await asyncio.sleep(2 * DURATION_S)  # until then it may be under way
    await _FINISHED[case.end](place, folder, found)


def _execution(place: Place, case: Case, folder: Path) -> Execution:
    """As on a real cluster: what it leaves counts, and its journal is signed."""
    api, experiment = place.sandbox.api, find_experiment(case.experiment)
    address = ClusterAddress(context="c", url=api.url, connector=api.connector())
    # On a real cluster a node is cut off by a command; there is none for the sandbox's.
    simulated = "node-commands" in experiment.needs
    there = PlaceOfRun(address, place.sandbox.vantage, "c", simulated=simulated, virtual_time=True, seed=1)
    return Execution(experiment, _options(case), there, folder, Silence(), lambda _folder, _history: None)


async def _recovered(place: Place, folder: Path, found: Ended) -> None:
    """Here: its journal lies in the folder."""
    await _recover_by(place, folder, found, user_key().data)


async def _recovered_without_key(place: Place, folder: Path, found: Ended) -> None:
    """It is read as one that is not signed, which is believed less."""
    await _recover_by(place, folder, found, b"")


async def _recover_by(place: Place, folder: Path, found: Ended, key: bytes) -> None:
    clock = RunClock(asyncio.get_running_loop())
    for path in folder.rglob(JOURNAL):  # noqa: ASYNC240 - one small folder
        journal = Journal.load(path, key)
        with contextlib.closing(journal):
            try:
                failures = await recover(journal, place.cluster, clock, Silence())
                await settle(place.cluster, journal)
            except ChaosError as exc:
                failures = [exc]  # type: ignore[list-item]
            found.told += [f"{one.message} {one.hint}" for one in failures]


async def _recovered_elsewhere(place: Place, _folder: Path, found: Ended) -> None:
    """By its mirror, then by its label."""
    with tempfile.TemporaryDirectory() as empty:
        for copy in (await find_mirrors(place.cluster)).open:
            request = ClusterRequest(ClusterAddress(context="c"), Path(empty), "", str(copy.run["id"]), agreed=True)
            failures = await recover_in(place.cluster, request, SteadfastConsole(stderr=True))
            found.told += [f"{one.message} {one.hint}" for one in failures]
        await _clean(place, Path(empty), found)


async def _cleaned(place: Place, folder: Path, found: Ended) -> None:
    await _clean(place, folder, found)


async def _clean(place: Place, folder: Path, found: Ended) -> None:
    runs = {
        str(row["metadata"]["labels"][RUN_LABEL])
        for kind in ("Namespace", "Lease", "StatefulSet", "Service")
        for row in (await place.cluster.list(kind, "", RUN_LABEL))[0]
    }
    with contextlib.redirect_stderr(io.StringIO()) as said:
        request = CleanupRequest(ClusterAddress(context="c"), folder, frozenset(runs), agreed=True)
        code = await clean_cluster(place.cluster, request, SteadfastConsole(stderr=True))
    if code:
        found.told.append(said.getvalue())


_FINISHED: dict[str, Callable[[Place, Path, Ended], Awaitable[None]]] = {
    "recover": _recovered,
    "recover unsigned": _recovered_without_key,
    "recover elsewhere": _recovered_elsewhere,
    "cleanup": _cleaned,
}
