"""A rollback goes on while the API server is away, says what it waits for, and tells item by item what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import kubesim
from chaos.analysis.reading import Reading
from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.journal import Journal, UndoEntry
from chaos.engine.cleanup import remove
from chaos.engine.conclusion import ending_of
from chaos.engine.execution import Execution, RunResult
from chaos.engine.kept import read_journals
from chaos.engine.leftovers import find
from chaos.engine.patience import Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import roll_back
from chaos.errors import PreflightError, RollbackError
from chaos.experiment import Options, find_experiment
from chaos.experiment.judging import judges_of, statements
from kubesim import run_virtual
from tests.cluster.failing import Away, Place, on_a_cluster
from tests.sandboxed import run_on

FOR_EVER = 1e9


class Told(Silence):
    """What a run tells, and when."""

    def __init__(self, clock: RunClock) -> None:
        self.steps: list[tuple[float, str]] = []
        self.warnings: list[str] = []
        self._clock = clock

    def step(self, text: str) -> None:
        self.steps.append((self._clock.now_s(), text))

    def warning(self, text: str) -> None:
        self.warnings.append(text)


class Run:
    """A run that cordoned a node, scaled cluster DNS to nothing and made a namespace, and is to undo it now."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.clock = RunClock(asyncio.get_running_loop())
        self.journal = Journal.start(folder, {"id": "r1", "fingerprint": place.cluster.fingerprint})
        self.changes = Changes(place.cluster, self.journal, self.clock, "r1")
        self.told = Told(self.clock)

    async def begin(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}}
        await self.changes.create(namespace)
        await self.changes.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 0}})
        await self.changes.patch("Node", "node-1", "", {"spec": {"unschedulable": True}})

    async def roll_back(self, patience: Patience) -> list[RollbackError]:
        return await roll_back(self.journal, self.changes, self.told, patience)

    def away_for(self, seconds: float) -> None:
        self.place.fails(Away(asyncio.get_running_loop().time() + seconds))

    @property
    def is_undone(self) -> bool:
        node = self.place.stored("Node", "node-1", "")
        dns = self.place.stored("Deployment", "coredns", "kube-system")
        assert node is not None
        assert dns is not None
        there = self.place.stored("Namespace", "mine", "")
        return (node["spec"].get("unschedulable"), dns["spec"]["replicas"], there) == (None, 2, None)


def begun(folder: Path, story: Callable[[Run], Awaitable[None]]) -> None:
    async def main(place: Place) -> None:
        run = Run(place, folder)
        await run.begin()
        assert not run.is_undone
        await story(run)

    on_a_cluster(main)


@pytest.mark.parametrize("seconds", [0.5, 60.0, 240.0])
def test_a_server_that_is_away_for_a_while_leaves_nothing(tmp_path: Path, seconds: float) -> None:
    async def story(run: Run) -> None:
        run.away_for(seconds)
        assert await run.roll_back(Patience(run.clock)) == []
        assert run.is_undone
        assert run.told.warnings == []

    begun(tmp_path, story)


def test_it_says_what_it_waits_for_every_ten_seconds(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        began_s = run.clock.now_s()
        run.away_for(35.0)
        await run.roll_back(Patience(run.clock))
        waited = [(at, text) for at, text in run.told.steps if text.startswith("still cleaning up")]
        assert [round(at - began_s) for at, _ in waited][:3] == [10, 20, 30]
        assert waited[0][1] == "still cleaning up Node node-1; for 290 s more at most"

    begun(tmp_path, story)


def test_it_ends_after_five_minutes_and_tells_each_item_and_how_to_undo_it(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        run.away_for(FOR_EVER)
        began_s = run.clock.now_s()
        left = await run.roll_back(Patience(run.clock))
        assert 280 < run.clock.now_s() - began_s < 320
        assert [one.message.partition(" could")[0] for one in left] == [
            "Node node-1",
            "Deployment coredns in namespace kube-system",
            "Namespace mine",
        ]
        assert "kubectl patch node node-1" in left[0].hint
        assert "kubectl patch deployment coredns -n kube-system" in left[1].hint
        assert "kubectl delete namespace mine" in left[2].hint
        assert run.told.warnings == [one.message for one in left]
        assert len(run.journal.open_entries()) == 3

    begun(tmp_path, story)


def test_after_a_signal_it_ends_after_a_minute_also_where_the_signal_comes_later(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        run.away_for(FOR_EVER)
        began_s, patience = run.clock.now_s(), Patience(run.clock)
        asyncio.get_running_loop().call_later(100.0, patience.shorten)
        assert len(await run.roll_back(patience)) == 3
        assert 150 < run.clock.now_s() - began_s < 180

    begun(tmp_path, story)


def test_what_was_given_up_is_looked_at_once_more(tmp_path: Path) -> None:
    """The server comes back just too late for another try."""

    async def story(run: Run) -> None:
        patience = Patience(run.clock, 60.0)
        run.away_for(FOR_EVER)
        asyncio.get_running_loop().call_later(59.9, run.place.fails, None)
        node = run.place.stored("Node", "node-1", "")
        assert node is not None
        run.place.sandbox.store.update("Node", {**node, "spec": {}})  # somebody uncordons it meanwhile
        left = await run.roll_back(patience)
        assert "Node node-1" not in " ".join(one.message for one in left)
        assert "Node" not in [entry.kind for entry in run.journal.open_entries()]

    begun(tmp_path, story)


def test_what_somebody_else_changed_is_told_at_once(tmp_path: Path) -> None:
    """Another try would change nothing about it."""

    async def story(run: Run) -> None:
        dns = run.place.stored("Deployment", "coredns", "kube-system")
        assert dns is not None
        run.place.sandbox.store.update("Deployment", {**dns, "spec": {**dns["spec"], "replicas": 5}})
        left = await run.roll_back(Patience(run.clock))
        assert ["changed by somebody else" in one.message for one in left] == [True]
        assert run.clock.now_s() < 30

    begun(tmp_path, story)


def test_cleanup_is_as_patient(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        run.journal.close()
        runs = await find(run.place.cluster, read_journals(tmp_path).journals, frozenset({"r1"}))
        (tmp_path / "cleanup").mkdir()
        journal = Journal.start(tmp_path / "cleanup", {"id": "c1", "fingerprint": run.place.cluster.fingerprint})
        run.away_for(120.0)
        assert await remove(run.place.cluster, journal, run.clock, runs, run.told) == []
        assert run.place.stored("Namespace", "mine", "") is None

    begun(tmp_path, story)


def test_a_whole_run_whose_server_is_away_for_a_minute_of_its_rollback_ends_well(tmp_path: Path) -> None:
    """Its node is uncordoned, and its exit code is that of what it measured."""

    async def main() -> None:
        sandbox = kubesim.Cluster(seed=1)
        await sandbox.start()

        class CutAtTheEnd(Silence):
            def step(self, text: str) -> None:
                if text == "cleaning up":
                    sandbox.api.faults = Away(asyncio.get_running_loop().time() + 60.0)

        experiment = find_experiment("node-drain")
        options = Options(period_s=0.25, connect_period_s=0.25)
        ran = await run_on(sandbox, tmp_path, options, experiment, CutAtTheEnd())
        nodes = sandbox.store.list("Node")
        await sandbox.stop()
        reading = Reading(ran.history)
        verdicts = list(statements(reading, judges_of(reading, experiment)).verdicts)
        assert ending_of(ran.history, verdicts).exit_code == 0
        assert [node["spec"].get("unschedulable") for node in nodes] == [None, None]

    run_virtual(main())


def test_a_signal_in_the_rollback_leaves_it_a_minute_and_each_item_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        sandbox, loop = kubesim.Cluster(seed=1), asyncio.get_running_loop()
        await sandbox.start()
        executions: list[Execution] = []
        interrupted_s: list[float] = []

        class Kept(Execution):
            async def run(self) -> RunResult:
                executions.append(self)
                return await super().run()

        def interrupt() -> None:
            interrupted_s.append(loop.time())
            executions[0].interrupt()

        class CutAtTheEnd(Silence):
            def step(self, text: str) -> None:
                if text == "cleaning up":
                    sandbox.api.faults = Away(FOR_EVER)
                    loop.call_later(20.0, interrupt)

        options = Options(trials=1, grace_s=1, period_s=0.25, connect_period_s=0.25)
        ran = await run_on(sandbox, tmp_path, options, None, CutAtTheEnd(), kind=Kept)
        assert loop.time() - interrupted_s[0] < 70
        assert ran.history.status == "interrupted"
        (left,) = ran.result.leftovers
        assert left.message.startswith("Namespace chaos-identity-")
        assert "kubectl delete namespace" in left.hint
        sandbox.api.faults = None
        await sandbox.stop()

    run_virtual(main())


def test_a_defect_in_one_undo_keeps_no_other_from_being_done(tmp_path: Path) -> None:
    """An answer that nobody has foreseen, about one object."""

    async def main(place: Place) -> None:
        run = Run(place, tmp_path)
        await run.begin()
        get = place.cluster.get

        async def odd(kind: str, *args: Any, **more: Any) -> Any:
            if kind == "Node":
                raise KeyError("spec")
            return await get(kind, *args, **more)

        place.cluster.get = odd  # type: ignore[method-assign]
        (left,) = await roll_back(run.journal, run.changes, run.told, Patience(run.clock))
        assert "Node node-1 could not be put back: a defect of this tool: KeyError: 'spec'" in left.message
        assert "kubectl patch node node-1" in left.hint
        assert [entry.kind for entry in run.journal.open_entries()] == ["Node"]

    on_a_cluster(main)


def test_an_undo_that_ends_with_another_error_before_it_is_done_is_told_as_open(tmp_path: Path) -> None:
    """Only a journal that cannot be written after the undo leaves nothing."""

    async def main(place: Place) -> None:
        run = Run(place, tmp_path)
        await run.begin()

        async def odd(entry: UndoEntry) -> str:
            raise PreflightError(f"no idea of {entry.kind}")

        run.changes.undo = odd  # type: ignore[method-assign]
        left = await roll_back(run.journal, run.changes, run.told, Patience(run.clock))
        assert len(left) == len(run.journal.open_entries()) > 0
        assert left[0].message.endswith("no idea of Node")

    on_a_cluster(main)


def test_pods_that_stay_behind_are_told_by_name_with_what_removes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a node that is gone: of the workload nothing is there any more that could be deleted."""
    monkeypatch.setattr("chaos.cluster.removal._GONE_WITHIN_S", 1.0)

    async def main(place: Place) -> None:
        run = Run(place, tmp_path)
        entry = run.journal.intend(change="create", undo="delete", kind="Job", name="it", namespace="default", uid="u1")
        owner = {"kind": "Job", "name": "it", "uid": "u1"}
        pods = [
            {"metadata": {"name": f"it-{i}", "namespace": "default", "uid": "u", "ownerReferences": [owner]}}
            for i in "ab"
        ]
        listed = place.cluster.list

        async def stuck(kind: str, *said: Any, **more: Any) -> Any:
            return (pods, "1") if kind == "Pod" else await listed(kind, *said, **more)

        place.cluster.list = stuck  # type: ignore[method-assign]
        with pytest.raises(RollbackError, match="their deletion was accepted: Pod it-a, Pod it-b") as told:
            await run.changes.undo(entry)
        assert told.value.hint.endswith("kubectl delete pod it-a it-b -n default --force")

    on_a_cluster(main)
