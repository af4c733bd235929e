"""A PodDisruptionBudget says how many pods may be taken; a deletion would not ask it."""

from __future__ import annotations

import asyncio
from typing import Any

from chaos.cluster.selector import selector_text
from chaos.engine.guards.guard import Guard, GuardError, Injection, Scene

# The controller that counts is behind for a moment after a pod turned ready.
_WAIT_S, _LOOK_S = 5.0, 0.5
Object = dict[str, Any]


class Budgets(Guard):
    """PodDisruptionBudgets of the pods that are about to be taken."""

    name = "disruption-budget"
    refuses = "take pods that a PodDisruptionBudget wants to stay"
    switch = "--over-budget"
    asks = True

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        if not scene.namespace:
            return ""
        found, _ = await scene.cluster.list("PodDisruptionBudget", scene.namespace)
        names = [f"{one['metadata']['name']} ({_allowed(one)} allowed)" for one in found]
        if not names:
            return ""
        how = "may be broken (--over-budget)" if scene.options.guards.over_budget else "are kept to"
        return f"PodDisruptionBudgets of namespace {scene.namespace} {how}: {', '.join(names)}"

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`."""
        if not injection.hit or injection.keeps_budgets or scene.options.guards.over_budget:
            return
        deadline = asyncio.get_running_loop().time() + _WAIT_S
        while (broken := await self._broken(scene, injection)) is not None:
            if asyncio.get_running_loop().time() >= deadline:
                raise self._refused(injection, *broken)
            await asyncio.sleep(_LOOK_S)

    def _refused(self, injection: Injection, budget: Object, hit: frozenset[str]) -> GuardError:
        name = budget["metadata"]["name"]
        return self.refusal(
            f"PodDisruptionBudget {name} allows {_allowed(budget)} of {', '.join(sorted(hit))} to be taken now, so "
            f"there is no {injection.what}",
            hint=f"kubectl get pdb -n {injection.target.namespace} {name} shows why; --over-budget takes them anyway",
        )

    @staticmethod
    async def _broken(scene: Scene, injection: Injection) -> tuple[Object, frozenset[str]] | None:
        """The budget that it would break, and the pods of it that it would take."""
        namespace = injection.target.namespace
        budgets, _ = await scene.cluster.list("PodDisruptionBudget", namespace)
        for budget in budgets:
            selector = (budget.get("spec") or {}).get("selector")
            if selector is None:  # selects none; an empty one selects all
                continue
            pods, _ = await scene.cluster.list("Pod", namespace, selector_text(selector))
            there = {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
            hit = injection.hit & there
            if min(len(hit), injection.at_once or len(hit)) > _allowed(budget):
                return budget, hit
        return None


def _allowed(budget: Object) -> int:
    """How many it allows now; none where its controller has not counted since it was changed."""
    status = budget.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int(budget["metadata"].get("generation") or 0):
        return 0
    return int(status.get("disruptionsAllowed") or 0)
