"""A fault whose acceptance is not known is never a trial; one that reading back shows at once is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from aiohttp import web

import kubesim
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.cli.saved import conclude
from chaos.experiment import Options, Run, find_experiment
from chaos.faults.cordon import Cordon, Uncordon
from chaos.model import VerdictOutcome
from kubesim import run_virtual
from kubesim.api.responses import Responses
from kubesim.store import Change
from tests.cluster.failing import DONE_UNTOLD, Answer, Away, Script
from tests.sandboxed import Ran, run_on

QUICK = Options(trials=1, grace_s=1, period_s=0.1, max_qps=None)


class UntoldDeletion(Script):
    """The first deletion of a pod of the run is carried out and not answered; then nothing is, for some seconds."""

    def __init__(self, away_s: float) -> None:
        super().__init__("DELETE", DONE_UNTOLD)
        self._away_s = away_s
        self._until_s: float | None = None

    async def answer(self, request: web.BaseRequest, responses: Responses, answer: Answer) -> web.StreamResponse:
        now_s = asyncio.get_running_loop().time()
        if request.method == "DELETE" and "/pods/web-" in request.path and self._until_s is None:
            self._until_s = now_s + self._away_s
            return await super().answer(request, responses, answer)
        if now_s < (self._until_s or 0.0) and "watch" not in request.rel_url.query:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return await answer(request)


def ran(folder: Path, away_s: float) -> tuple[Ran, list[float]]:
    """A run, and when pods of its StatefulSet were really marked as deleted, by the loop's clock."""
    found: list[Ran] = []
    deleted_s: list[float] = []

    async def main() -> None:
        sandbox, loop = kubesim.Cluster(seed=1), asyncio.get_running_loop()

        def saw(change: Change) -> None:
            meta, before = change.object["metadata"], (change.old or change.object)["metadata"]
            if change.kind == "Pod" and "deletionTimestamp" in meta and "deletionTimestamp" not in before:
                deleted_s.append(loop.time())

        await sandbox.start()
        sandbox.store.subscribe(saw)
        try:
            sandbox.api.faults = UntoldDeletion(away_s)
            found.append(await run_on(sandbox, folder, QUICK))
        finally:
            await sandbox.stop()

    run_virtual(main())
    return found[0], deleted_s


def test_an_acceptance_that_is_read_back_at_once_lies_between_the_request_and_that(tmp_path: Path) -> None:
    done, deleted_s = ran(tmp_path, 0.0)
    (fault,) = done.history.faults
    assert fault.outcome == "accepted"
    assert fault.accepted_ns is not None
    assert 0 < fault.accepted_ns - fault.sent_ns < 100_000_000
    assert fault.sent_ns < done.ns(deleted_s[0]) < fault.accepted_ns
    verdicts = judge(Reading(done.history), done.history.meta.parameters["checkers"])
    assert {verdict.outcome for verdict in verdicts} == {VerdictOutcome.OK}


def test_an_acceptance_that_nobody_can_tell_for_seconds_is_no_trial(tmp_path: Path) -> None:
    done, deleted_s = ran(tmp_path, 4.0)
    assert deleted_s
    (fault,) = done.history.faults
    assert (fault.outcome, fault.accepted_ns) == ("unknown", None)
    assert trials(Reading(done.history)) == []
    assert done.result.leftovers == []
    verdicts = judge(Reading(done.history), done.history.meta.parameters["checkers"])
    assert {v.outcome for v in verdicts if v.checker != "steady-state"} == {VerdictOutcome.UNKNOWN}
    assert "nobody answered whether delete-pod was accepted" in str(done.result.error)


def test_what_a_method_could_not_put_back_and_the_rollback_did_is_not_left(tmp_path: Path) -> None:
    """Its exit code is that of a run that cannot be judged; 5 would send somebody to look for what is not there."""

    async def main() -> None:
        async with kubesim.Cluster(seed=1) as sandbox:

            async def method(run: Run) -> None:
                await run.steady_state(within_s=60)
                async with run.inject(Cordon("node-1")):
                    pass
                sandbox.api.faults = Away(asyncio.get_running_loop().time() + 60.0)
                async with run.inject(Uncordon("node-1")):
                    pass

            experiment = replace(find_experiment("identity-persistence"), method=method)
            done = await run_on(sandbox, tmp_path, QUICK, experiment)
            node = sandbox.store.get("Node", "", "node-1")
        assert node is not None
        assert "unschedulable" not in node["spec"]
        assert done.result.leftovers == []
        assert done.result.error is not None
        assert "Node node-1 could not be put back" in done.result.error.message
        assert not done.result.error.hint  # nobody is to do it by hand
        concluded = conclude(done.result.folder, done.history, done.result.error, experiment)
        assert concluded.ending.exit_code == 4

    run_virtual(main())
