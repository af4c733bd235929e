"""A PodDisruptionBudget says how many pods may be taken; a deletion would not ask it."""

from __future__ import annotations

import asyncio

from chaos.cluster.selector import selector_text
from chaos.engine.guards.guard import Guard, GuardError, Injection, Scene
from chaos.engine.permissions import DNS_NAMESPACE
from chaos.engine.target import is_ready
from chaos.model.object import Object

# The disruption controller updates a budget's status some moments after a pod has become ready.
_WAIT_S, _LOOK_S = 5.0, 0.5


class BudgetsGuard(Guard):
    """PodDisruptionBudgets of the pods that are about to be taken."""

    name = "disruption-budget"
    refuses = "take pods that a PodDisruptionBudget wants to stay"
    switch = "--over-budget"
    asks = True
    waits = True

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        disturbs_dns = "kube-system" in scene.experiment.needs and not scene.place.simulated
        said = [await self._told(scene, one) for one in (scene.namespace, DNS_NAMESPACE if disturbs_dns else "") if one]
        return "; ".join(filter(None, said))

    @staticmethod
    async def _told(scene: Scene, namespace: str) -> str:
        found, _ = await scene.cluster.list("PodDisruptionBudget", namespace)
        names = [f"{one['metadata']['name']} ({allowed_by(one)} allowed)" for one in found]
        if not names:
            return ""
        how = "may be broken (--over-budget)" if scene.options.guards.over_budget else "are kept to"
        return f"PodDisruptionBudgets of namespace {namespace} {how}: {', '.join(names)}"

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`."""
        if not injection.hit or injection.keeps_budgets or scene.options.guards.over_budget:
            return
        deadline = asyncio.get_running_loop().time() + _WAIT_S
        while (broken := await self._broken(scene, injection)) is not None:
            if asyncio.get_running_loop().time() >= deadline:
                raise self._refused(injection, *broken)
            await asyncio.sleep(_LOOK_S)

    def _refused(self, injection: Injection, budget: Object, hit: frozenset[str], allowed: int) -> GuardError:
        name, namespace = budget["metadata"]["name"], budget["metadata"]["namespace"]
        return self.refusal(
            f"PodDisruptionBudget {name} allows {allowed} of {', '.join(sorted(hit))} to be taken now, so "
            f"there is no {injection.what}",
            hint=f"kubectl get pdb -n {namespace} {name} shows why; --over-budget takes them anyway",
        )

    @staticmethod
    async def _broken(scene: Scene, injection: Injection) -> tuple[Object, frozenset[str], int] | None:
        """The budget that it would break, the pods of it that it would take, and how many may be."""
        namespace = injection.namespace or injection.target.namespace
        budgets, _ = await scene.cluster.list("PodDisruptionBudget", namespace)
        for budget in budgets:
            selector = (budget.get("spec") or {}).get("selector")
            if selector is None:  # selects none; an empty one selects all
                continue
            pods, _ = await scene.cluster.list("Pod", namespace, selector_text(selector))
            there = {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
            hit = injection.hit & there
            # The budget's status may still count a pod that has just gone, so the pods are counted here too.
            spare = sum(map(is_ready, pods)) - int((budget.get("status") or {}).get("desiredHealthy") or 0)
            allowed = max(0, min(allowed_by(budget), spare))
            if min(len(hit), injection.at_once or len(hit)) > allowed:
                return budget, hit, allowed
        return None


def allowed_by(budget: Object) -> int:
    """How many it allows now; none where its controller has not counted since it was changed."""
    status = budget.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int(budget["metadata"].get("generation") or 0):
        return 0
    return int(status.get("disruptionsAllowed") or 0)
