"""Does a PodDisruptionBudget ever allow an eviction?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import ceil
from typing import Any

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.label_selector import matches
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, text

_KEY = "no-eviction"
_SCALED = ("StatefulSet", "Deployment")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    budgets: dict[int, list[Item]] = {}
    for budget in snapshot.of("PodDisruptionBudget"):
        pods = [w for w in snapshot.workloads if _covers(budget, w)]
        for workload in pods:
            budgets.setdefault(id(workload.object), []).append(budget)
        if pods and not any(_is_autoscaled(snapshot, w) for w in pods):
            yield from _never(budget, pods)
    for workload in snapshot.workloads:
        several = budgets.get(id(workload.object), [])
        if len(several) > 1:
            yield _several(workload, several)


def _covers(budget: Item, workload: WorkloadItem) -> bool:
    selector = budget.spec.get("selector")
    same = workload.namespace == budget.namespace and workload.kind in _SCALED
    return same and isinstance(selector, dict) and matches(selector, workload.pod_labels) is True


def _is_autoscaled(snapshot: Snapshot, workload: WorkloadItem) -> bool:
    """Whether its number of replicas is somebody else's."""
    for scaler in snapshot.of("HorizontalPodAutoscaler", workload.namespace):
        target = mapping(scaler.spec, "scaleTargetRef")
        if (target.get("kind"), target.get("name")) == (workload.kind, workload.name):
            return True
    return False


def _never(budget: Item, pods: list[WorkloadItem]) -> Iterator[Diagnostic]:
    total = sum(w.replicas for w in pods)
    least, most = budget.spec.get("minAvailable"), budget.spec.get("maxUnavailable")
    at_least, at_most = _scaled(least, total), _scaled(most, total)
    if not total or (at_least is None and at_most is None):
        return
    field, value = ("minAvailable", least) if at_least is not None else ("maxUnavailable", most)
    if (total - at_least if at_least is not None else at_most or 0) > 0:
        return
    names = ", ".join(f"{w.kind} {w.name}" for w in pods)
    yield Diagnostic(
        _KEY,
        Severity.WARNING,
        budget.reference("spec", field),
        f"it never allows an eviction of a pod of {names}: kubectl drain of its node, and so an upgrade of it, waits "
        "for ever",
        (f"{field}: {value}", f"replicas: {total}"),
        "set maxUnavailable: 1 instead"
        + (f" of {field}: {value}" if field != "maxUnavailable" else "")
        + ("; while its only pod is replaced it is away all the same" if total == 1 else ""),
        tuple(w.name for w in pods if w.kind == "StatefulSet"),
    )


def _scaled(value: Any, total: int) -> int | None:
    """A number of pods, or the part of all of them, rounded up as the controller does; None where there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    percent = re.fullmatch(r"(\d+)%", text(value))
    return ceil(int(percent[1]) * total / 100) if percent else None


def _several(workload: WorkloadItem, budgets: list[Item]) -> Diagnostic:
    names = ", ".join(b.name for b in budgets)
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        budgets[1].reference("spec", "selector"),
        f"{workload.kind} {workload.name} has several PodDisruptionBudgets ({names}), and pods with more than one are "
        "evicted by nobody: the API server answers 500",
        tuple(f"{b.name} selects {text(workload.name)}'s pods" for b in budgets),
        f"keep one of {names}",
        (workload.name,) if workload.kind == "StatefulSet" else (),
    )


CHECK = Check(
    _KEY,
    "a PodDisruptionBudget that never allows an eviction (`minAvailable` of all replicas, `maxUnavailable: 0`), or "
    "several for the same pods",
    "a drain asks again every 5 s and never ends, until somebody deletes the pod by hand",
    (Severity.WARNING,),
    _look,
    kinds=("PodDisruptionBudget", "StatefulSet"),
    also=("Deployment",),
)
