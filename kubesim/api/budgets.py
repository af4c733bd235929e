"""Disruption budgets as the eviction API and their controller both read and write them."""

from __future__ import annotations

from kubesim.fields.matching import matches_selector
from kubesim.fields.pod_state import condition
from kubesim.store import Object, Store


def selects(budget: Object, labels: Object | None) -> bool:
    """Whether a budget guards a pod with these labels: an empty selector guards all, none at all nothing."""
    selector = budget["spec"].get("selector")
    return selector is not None and matches_selector(selector, labels)


def guarding(store: Store, pod: Object) -> list[Object]:
    """The budgets of a pod."""
    meta = pod["metadata"]
    found = store.list("PodDisruptionBudget", meta["namespace"])
    return [budget for budget in found if selects(budget, meta.get("labels"))]


def set_allowed_condition(status: Object, now: str) -> None:
    """Bring a status's condition DisruptionAllowed in line with its number, in place."""
    if status["disruptionsAllowed"] > 0:
        set_condition(status, "True", "SufficientPods", "", now)
    else:
        set_condition(status, "False", "InsufficientPods", "", now)


def set_condition(status: Object, value: str, reason: str, message: str, now: str) -> None:
    """Write the condition DisruptionAllowed into a status, in place."""
    before = condition({"status": status}, "DisruptionAllowed")
    row = {
        "type": "DisruptionAllowed",
        "status": value,
        "reason": reason,
        "message": message,
        "lastTransitionTime": before["lastTransitionTime"] if before and before["status"] == value else now,
    }
    if status.get("observedGeneration"):
        row["observedGeneration"] = status["observedGeneration"]
    status["conditions"] = [*(c for c in status.get("conditions") or () if c["type"] != row["type"]), row]
