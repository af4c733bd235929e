"""Writes what really happens to pods into the truth log."""

from __future__ import annotations

from kubesim.fields.pod_state import is_ready, is_terminating
from kubesim.store import Change, Object, Store
from kubesim.truth import Fact, Truth


def record_pod_facts(store: Store, truth: Truth) -> None:
    """Add a ``pod`` fact at each step of a pod object's life."""

    def on_change(change: Change) -> None:
        if change.kind != "Pod":
            return
        if change.type == "DELETED":
            _add(store, truth, change.object, "gone")
            return
        before = set() if change.old is None else _steps(change.old)
        for step in ("created", "scheduled", "ready", "terminating"):
            if step in _steps(change.object) - before:
                _add(store, truth, change.object, step)

    store.subscribe(on_change)


def _steps(pod: Object) -> set[str]:
    steps = {"created"}
    if pod["spec"].get("nodeName"):
        steps.add("scheduled")
    if is_ready(pod):
        steps.add("ready")
    if is_terminating(pod):
        steps.add("terminating")
    return steps


def _add(store: Store, truth: Truth, pod: Object, step: str) -> None:
    meta = pod["metadata"]
    truth.add(Fact(store.clock.now_s(), "pod", meta["name"], meta["uid"], (step,)))
