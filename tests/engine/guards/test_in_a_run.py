"""Guards look again in the middle of a run; what they find ends it, and all is undone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import kubesim
from chaos.analysis.reading import Reading
from chaos.cli.saved import concluded
from chaos.engine.consent import granted
from chaos.engine.guards import GuardError, Injection, Scene
from chaos.engine.guards.budgets import BudgetsGuard
from chaos.engine.progress import Silence
from chaos.engine.target import WatchedTarget
from chaos.errors import AbortedError, UsageError
from chaos.experiment import Experiment, Options, Run
from chaos.experiment.judging import judges_of, statements
from chaos.faults.delete_pod import DeletePod
from chaos.model import RunOutcome
from chaos.options.guards import GuardOptions
from kubesim import run_virtual
from tests.engine.test_execution import with_method
from tests.sandboxed import Ran, run_on, run_sandboxed

QUICK = Options(namespace="mine", trials=3, grace_s=1, period_s=0.25, connect_period_s=0.25, max_qps=None)
_BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "keep", "namespace": "mine"},
    "spec": {"minAvailable": 3, "selector": {}},
}


class Meanwhile(Silence):
    """Somebody does something at the first step that begins with a text."""

    def __init__(self, text: str, doing: Callable[[kubesim.Cluster], object]) -> None:
        self._text, self._doing, self.sandbox = text, doing, None

    sandbox: kubesim.Cluster | None

    def step(self, text: str) -> None:
        if text.startswith(self._text) and self.sandbox is not None:
            self._doing(self.sandbox)
            self.sandbox = None


def ran_while(
    reports: Path, progress: Meanwhile, options: Options = QUICK, experiment: Experiment | None = None
) -> Ran:
    """A run in a namespace of somebody's, in which nothing of the run may be left."""

    async def main() -> Ran:
        progress.sandbox = sandbox = kubesim.Cluster(seed=1)
        await sandbox.start()
        try:
            meta = {"name": "mine", **granted(None)["metadata"], "annotations": {}}
            sandbox.api.registry.create("Namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
            ran = await run_on(sandbox, reports, options, experiment, progress=progress)
            await asyncio.sleep(40)
            left = [o for kind in ("Pod", "StatefulSet", "Service", "Lease") for o in sandbox.store.list(kind, "mine")]
            assert left == []
            return ran
        finally:
            await sandbox.stop()

    return run_virtual(main())


def ending(ran: Ran) -> tuple[RunOutcome, int, str]:
    history, error = ran.history, ran.result.error
    assert isinstance(error, AbortedError), error
    history.meta.measurement |= {"ended_early": error.message, "ended_early_exit_code": 4, "aborted": True}
    said = concluded(Reading(history), statements(Reading(history), judges_of(Reading(history)))).ending
    return said.outcome, said.exit_code, said.line


def test_consent_that_is_taken_back_ends_the_run_before_its_next_fault(tmp_path: Path) -> None:
    """The trial under way goes on, and nothing else is done to the namespace but to undo."""

    def revoke(sandbox: kubesim.Cluster) -> None:
        found = sandbox.store.get("Namespace", "", "mine")
        assert found is not None
        sandbox.store.update("Namespace", {**found, "metadata": {**found["metadata"], "labels": {}}})

    ran = ran_while(tmp_path, Meanwhile("trial 2", revoke))
    assert [fault.outcome for fault in ran.history.faults] == ["accepted", "accepted"]
    outcome, code, line = ending(ran)
    assert (outcome, code) == (RunOutcome.ABORTED, 4)
    assert line.startswith(
        "ABORTED (simulated): namespace mine does not allow experiments any more, so there is no delete-pod"
    )


def test_consent_that_runs_out_in_the_middle_of_a_trial_ends_the_run_after_it(tmp_path: Path) -> None:
    def for_a_second(sandbox: kubesim.Cluster) -> None:
        found = sandbox.store.get("Namespace", "", "mine")
        assert found is not None
        given = granted(sandbox.clock.wall())["metadata"]
        sandbox.store.update("Namespace", {**found, "metadata": {**found["metadata"], **given}})

    ran = ran_while(tmp_path, Meanwhile("trial 1", for_a_second))
    assert [fault.outcome for fault in ran.history.faults] == ["accepted"]
    assert "allowed experiments until 2026-01-01" in ending(ran)[2]


def test_a_budget_that_somebody_makes_meanwhile_is_kept(tmp_path: Path) -> None:
    ran = ran_while(
        tmp_path,
        Meanwhile("trial 1", lambda sandbox: sandbox.api.registry.create("PodDisruptionBudget", _BUDGET)),
    )
    assert len(ran.history.faults) == 1
    assert "PodDisruptionBudget keep allows 0 of web-1 to be taken now" in ending(ran)[2]


def test_with_over_budget_it_is_not(tmp_path: Path) -> None:
    making = Meanwhile("trial 1", lambda sandbox: sandbox.api.registry.create("PodDisruptionBudget", _BUDGET))
    options = Options(
        namespace="mine", trials=2, grace_s=1, period_s=0.25, max_qps=None, guards=GuardOptions(over_budget=True)
    )
    ran = ran_while(tmp_path, making, options)
    assert ran.result.error is None
    assert len(ran.history.faults) == 2


def test_deletions_that_are_begun_together_count_together(tmp_path: Path) -> None:
    """Each alone would be within the blast radius, and within a budget."""

    async def both(run: Run) -> None:
        await run.steady_state(within_s=30)
        await asyncio.gather(*(run.delete_pod(pod) for pod in run.target.pods[:2]))

    ran = run_sandboxed(tmp_path, Options(period_s=0.25, max_qps=None), experiment=with_method(both))
    assert isinstance(ran.result.error, AbortedError)
    assert "would make 2 of 3 pods unavailable at once" in ran.result.error.message
    assert not [event for event in ran.history.events if event.kind == "Pod" and event.type == "DELETED"]


def test_a_method_changes_nothing_of_a_namespace_that_no_guard_has_looked_at(tmp_path: Path) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns", "namespace": "kube-system"}}
    said: list[str] = []

    async def elsewhere(run: Run) -> None:
        objects, there = run.objects, "kube-system"
        changes: list[Callable[[], Awaitable[object]]] = [
            partial(objects.create, settings),
            partial(objects.patch, "ConfigMap", "coredns", {"data": {}}, namespace=there),
            partial(objects.delete, "ConfigMap", "coredns", namespace=there),
            partial(objects.exec, "coredns", ["true"], namespace=there),
            partial(objects.patch, "Node", "node-1", {"spec": {"unschedulable": True}}),
        ]
        for change in changes:
            with pytest.raises(UsageError) as caught:
                await change()
            said.append(caught.value.message.partition(" is ")[2])

    run_sandboxed(tmp_path, Options(period_s=0.25, max_qps=None), experiment=with_method(elsewhere))
    assert said == [
        "creating ConfigMap coredns in namespace kube-system, which is not the run's",
        "changing ConfigMap coredns in namespace kube-system, which is not the run's",
        "deleting ConfigMap coredns in namespace kube-system, which is not the run's",
        "running a command in Pod coredns in namespace kube-system, which is not the run's",
        "changing Node node-1 without saying so",
    ]


def test_a_budget_of_cluster_dns_is_kept_too(tmp_path: Path) -> None:
    """That cluster DNS may be changed opens no other guard."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"k8s-app": "kube-dns"}}}

    async def all_servers(run: Run) -> None:
        await run.steady_state(within_s=30)
        await run.sleep(2)
        await run.cluster_dns.delete((await run.cluster_dns.pods())[:1])
        await run.change("no server", run.cluster_dns.scale(0))

    experiment = replace(with_method(all_servers), needs=("kube-system",))
    budget = {**_BUDGET, "metadata": {"name": "dns", "namespace": "kube-system"}, "spec": spec}
    making = Meanwhile(
        "steady state reached", lambda sandbox: sandbox.api.registry.create("PodDisruptionBudget", budget)
    )
    ran = ran_while(tmp_path, making, experiment=experiment)
    assert isinstance(ran.result.error, AbortedError)
    assert "PodDisruptionBudget dns allows " in ran.result.error.message
    assert "there is no scaling of coredns to 0" in ran.result.error.message


def test_what_the_controller_of_a_budget_has_not_counted_yet_counts(tmp_path: Path) -> None:
    """A pod went a moment ago, and the budget's status is from before."""

    def pod(name: str, ready: str) -> dict[str, Any]:
        status = {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": ready}]}
        return {"metadata": {"name": name}, "status": status}

    status = {"observedGeneration": 1, "disruptionsAllowed": 1, "desiredHealthy": 2}
    budget = {
        "metadata": {"name": "keep", "namespace": "mine", "generation": 1},
        "spec": {"selector": {}},
        "status": status,
    }

    class Listed:
        async def list(self, kind: str, *_: str) -> tuple[list[dict[str, Any]], str]:
            pods = [pod("web-0", "True"), pod("web-1", "True"), pod("web-2", "False")]
            return ([budget] if kind == "PodDisruptionBudget" else pods), ""

    scene = Scene(Listed(), None, with_method(_nothing), Options(), "mine")  # type: ignore[arg-type]
    injection = Injection(WatchedTarget("mine", "web", "web", 80, ("web-0",)), "deletion", frozenset({"web-0"}))
    with pytest.raises(GuardError, match="allows 0 of web-0 to be taken now"):
        run_virtual(BudgetsGuard().check_injection(scene, injection))


async def _nothing(_run: Run) -> None:
    pass


def test_a_fault_before_the_steady_state_is_not_injected(tmp_path: Path) -> None:
    async def hasty(run: Run) -> None:
        async with run.inject(DeletePod(run.target.pods[0])):
            pass

    ran = run_sandboxed(tmp_path, Options(period_s=0.25, max_qps=None), experiment=with_method(hasty))
    assert isinstance(ran.result.error, AbortedError)
    assert "has not waited for the steady state" in ran.result.error.message
    assert ran.history.faults == []
