"""What somebody else does to the target in the middle of a run makes its verdicts unknown, and is named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import kubesim
from chaos.analysis.foreign import foreign_changes
from chaos.analysis.reading import Reading
from chaos.cli.saved import Conclusion, conclude
from chaos.experiment import DeletePod, Experiment, Options, Run, Workload, find_experiment
from chaos.model import RunOutcome
from kubesim import VirtualTimeLoop
from tests.sandboxed import Ran, run_on

MAIN = find_experiment("identity-persistence")
OPTIONS = Options(trials=1, grace_s=1, period_s=0.1, max_qps=None, within_s=5)
APPS = "/apis/apps/v1/namespaces/{ns}/statefulsets"
CORE = "/api/v1/namespaces"


class Somebody:
    """Another client of the same API server, as kubectl is one: plain HTTP."""

    def __init__(self, sandbox: kubesim.Cluster, namespace: str) -> None:
        self._sandbox = sandbox
        self._namespace = namespace

    async def asks(self, method: str, path: str, body: dict[str, Any] | None = None, accept: str = "merge") -> None:
        connector = self._sandbox.api.connector()
        headers = {"Content-Type": f"application/{accept}-patch+json" if method == "PATCH" else "application/json"}
        headers["User-Agent"] = "kubectl-edit/v1.37.2"
        async with aiohttp.ClientSession(connector=connector, connector_owner=True) as session:
            url = self._sandbox.api.url + path.format(ns=self._namespace)
            async with session.request(
                method, url, data=json.dumps(body) if body is not None else None, headers=headers
            ) as response:
                assert response.status < 300, await response.text()

    async def patches(self, path: str, patch: dict[str, Any]) -> None:
        await self.asks("PATCH", path, patch)

    async def deletes(self, path: str, grace_s: int | None = None) -> None:
        await self.asks("DELETE", path, None if grace_s is None else {"gracePeriodSeconds": grace_s})


Meddle = Callable[[Somebody], Any]


def meddled(tmp_path: Path, meddle: Meddle | None, *, after_s: float, experiment: Experiment = MAIN) -> Ran:
    """Run it; so long after its namespace was made somebody does something."""

    async def main() -> Ran:
        sandbox = kubesim.Cluster(seed=1)
        await sandbox.start()
        doing: asyncio.Task[None] | None = None

        async def watch_for_the_fault() -> None:
            while True:
                pods = [p for p in sandbox.store.list("Pod") if p["metadata"]["name"].startswith("web-")]
                ending = [p for p in pods if "deletionTimestamp" in p["metadata"]]
                if ending:
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(after_s)
            assert meddle is not None
            await meddle(Somebody(sandbox, ending[0]["metadata"]["namespace"]))

        try:
            if meddle is not None:
                doing = asyncio.create_task(watch_for_the_fault())
            ran = await run_on(sandbox, tmp_path, OPTIONS, experiment)
            if doing is not None:
                await doing
            return ran
        finally:
            if doing is not None:
                doing.cancel()
            await sandbox.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


def concluded(ran: Ran, experiment: Experiment = MAIN) -> Conclusion:
    return conclude(ran.result.folder, ran.history, ran.result.error, experiment)


def other_selector(who: Somebody) -> Any:
    return who.patches(CORE + "/{ns}/services/web", {"spec": {"selector": {"app": "nobody"}}})


MEDDLING: dict[str, tuple[Meddle, str]] = {
    "scales it down": (
        lambda w: w.patches(APPS + "/web", {"spec": {"replicas": 0}}),
        "scaled StatefulSet web from 3 to 0",
    ),
    "scales it by its scale": (
        lambda w: w.patches(APPS + "/web/scale", {"spec": {"replicas": 1}}),
        "scaled StatefulSet web from 3 to 1",
    ),
    "edits it": (
        lambda w: w.patches(APPS + "/web", {"spec": {"template": {"metadata": {"labels": {"v": "2"}}}}}),
        "changed template of StatefulSet web",
    ),
    "deletes it": (lambda w: w.deletes(APPS + "/web"), "somebody deleted StatefulSet web"),
    "edits its service": (other_selector, "changed selector of Service web"),
    "deletes its service": (lambda w: w.deletes(CORE + "/{ns}/services/web"), "somebody deleted Service web"),
    "deletes its namespace": (lambda w: w.deletes(CORE + "/{ns}"), "somebody deleted"),
    "deletes another pod": (lambda w: w.deletes(CORE + "/{ns}/pods/web-2", 0), "somebody deleted Pod web-2"),
}


@pytest.mark.parametrize("what", MEDDLING)
def test_what_somebody_else_did_makes_every_verdict_unknown_and_is_named(tmp_path: Path, what: str) -> None:
    meddle, named = MEDDLING[what]
    ran = meddled(tmp_path, meddle, after_s=0.5)
    conclusion = concluded(ran)
    assert {str(v.outcome) for v in conclusion.said.verdicts} == {"unknown"}
    assert all(named in v.summary for v in conclusion.said.verdicts), conclusion.said.verdicts[0]
    assert all(a.answer.startswith("This run cannot say: ") and named in a.answer for a in conclusion.said.answers)
    assert conclusion.ending.outcome is RunOutcome.INCONCLUSIVE
    assert conclusion.ending.exit_code == 4
    assert "was unreachable" not in conclusion.document["headline"]


def test_a_run_that_is_left_alone_says_so(tmp_path: Path) -> None:
    ran = meddled(tmp_path, None, after_s=0)
    assert foreign_changes(Reading(ran.history)) == []
    assert {str(v.outcome) for v in concluded(ran).said.verdicts} == {"ok"}


def test_a_controllers_status_is_nobodys_change(tmp_path: Path) -> None:
    def status(who: Somebody) -> Any:
        return who.patches(APPS + "/web/status", {"status": {"collisionCount": 1}})

    assert foreign_changes(Reading(meddled(tmp_path, status, after_s=0.5).history)) == []


def test_what_comes_after_the_judged_time_does_not_matter(tmp_path: Path) -> None:
    """The method goes on after its last trial; what is judged up to that trial's end stays as it is."""

    async def method(run: Run) -> None:
        await run.steady_state(within_s=30)
        async with run.inject(DeletePod(run.target.pods[1], grace_s=1)):
            await run.steady_state(within_s=30)
        await run.sleep(30)

    experiment = Experiment(
        **{f: getattr(MAIN, f) for f in ("name", "hypothesis", "workload", "probes", "blast_radius", "source")},
        checkers=("recovered-within", "identity-kept", "target-left-alone"),
        timeout_s=120,
        method=method,
    )
    ran = meddled(tmp_path, MEDDLING["scales it down"][0], after_s=20, experiment=experiment)
    said = {v.checker: str(v.outcome) for v in concluded(ran, experiment).said.verdicts}
    assert said == {"recovered-within": "ok", "identity-kept": "ok", "target-left-alone": "unknown"}


def test_what_the_method_itself_changes_is_its_own(tmp_path: Path) -> None:
    """Scaled, edited, deleted, made again, through `Run.objects`: every way that a method has."""

    async def method(run: Run) -> None:
        await run.steady_state(within_s=30)
        async with run.inject(DeletePod(run.target.pods[1], grace_s=1)):
            await run.steady_state(within_s=30)
        await run.objects.patch("StatefulSet", "web", {"spec": {"replicas": 1}}, subresource="scale")
        await run.sleep(10)
        await run.objects.patch("StatefulSet", "web", {"spec": {"replicas": 3}})
        await run.sleep(10)
        labels = {"spec": {"template": {"metadata": {"labels": {"version": "2"}}}}}
        await run.objects.patch("StatefulSet", "web", labels)
        await run.sleep(30)
        await run.objects.patch("Service", "web", {"spec": {"publishNotReadyAddresses": True}})
        await run.delete_pod(run.target.pods[0])
        await run.sleep(10)
        await run.objects.delete("Service", "web")
        await run.objects.delete("StatefulSet", "web", orphan=True)
        await run.sleep(2)
        await run.apply("web-quick.yaml")
        await run.sleep(10)

    experiment = Experiment(
        **{f: getattr(MAIN, f) for f in ("name", "hypothesis", "probes", "blast_radius", "source")},
        workload=Workload(("web-quick.yaml",), statefulset="web", service="web", port=80),
        checkers=("recovered-within",),
        timeout_s=300,
        method=method,
    )
    ran = meddled(tmp_path, None, after_s=0, experiment=experiment)
    assert ran.result.error is None
    assert foreign_changes(Reading(ran.history)) == []


VOLUMES = Workload(("web-volumes.yaml",), statefulset="web", service="web", port=80)


async def deletes_web_0(run: Run) -> None:
    await run.steady_state(within_s=60)
    async with run.inject(DeletePod(run.target.pods[0], grace_s=1)):
        await run.steady_state(within_s=30)


async def deletes_its_claim_too(run: Run) -> None:
    """Without its finalizer it goes at once, and the StatefulSet's controller makes another, empty one of its name."""
    await run.steady_state(within_s=60)
    await run.objects.delete("PersistentVolumeClaim", "data-web-0")
    await run.objects.patch("PersistentVolumeClaim", "data-web-0", {"metadata": {"finalizers": None}})
    async with run.inject(DeletePod(run.target.pods[0], grace_s=1)):
        await run.steady_state(within_s=30)


def on_volumes(method: Callable[[Run], Any]) -> Experiment:
    return replace(MAIN, workload=VOLUMES, checkers=("identity-kept",), questions=(), method=method)


@pytest.mark.parametrize(
    ("method", "outcome", "said"),
    [
        (deletes_web_0, "ok", "volume claims"),
        (deletes_its_claim_too, "fail", "data-web-0 is another claim of its name"),
    ],
)
def test_a_claim_that_was_made_again_is_not_the_same(
    tmp_path: Path, method: Callable[[Run], Any], outcome: str, said: str
) -> None:
    experiment = on_volumes(method)
    (verdict,) = concluded(meddled(tmp_path, None, after_s=0, experiment=experiment), experiment).said.verdicts
    assert str(verdict.outcome) == outcome
    assert said in verdict.summary


def test_a_claim_that_somebody_else_deletes_is_named(tmp_path: Path) -> None:
    experiment = on_volumes(deletes_web_0)
    path = CORE + "/{ns}/persistentvolumeclaims/data-web-0"
    ran = meddled(tmp_path, lambda who: who.deletes(path), after_s=0, experiment=experiment)
    (verdict,) = concluded(ran, experiment).said.verdicts
    assert str(verdict.outcome) == "unknown"
    assert "somebody deleted PersistentVolumeClaim data-web-0" in verdict.summary
