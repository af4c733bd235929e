"""The resource quota controller (pkg/controller/resourcequota): what is used of each quota."""

from __future__ import annotations

from kubesim.api import quota
from kubesim.controllers.base import Controller, Name
from kubesim.fields import quantity
from kubesim.fields.pod_state import TERMINAL, phase
from kubesim.store import Change


class QuotaController(Controller):
    """Counts again when a quota is new or changed, and when something that it counts goes. What is created is added by
    the API server itself.
    """

    delay = "quota_sync"

    def on_change(self, change: Change) -> None:
        if change.kind == "ResourceQuota":
            if change.type == "ADDED" or (change.old and change.old.get("spec") != change.object.get("spec")):
                self.enqueue_object(change.object)
            return
        ended = change.kind == "Pod" and phase(change.object) in TERMINAL
        if change.type == "DELETED" or ended:
            for one in self.index.in_namespace("ResourceQuota", change.object["metadata"].get("namespace", "")):
                self.enqueue_object(one)

    def reconcile(self, name: Name) -> None:
        one = self.store.get("ResourceQuota", *name)
        if one is None:
            return
        hard = one["spec"].get("hard", {})
        used = dict.fromkeys(hard, "0")
        for kind in self.store.scheme:
            counted = kind.resource.namespaced and kind.is_counted
            for obj in self.index.in_namespace(kind.resource.kind, name[0]) if counted else ():
                for key, amount in quota.usage(kind, obj).items():
                    if key in used:
                        used[key] = quantity.add(used[key], amount)
        self.store.update("ResourceQuota", {**one, "status": {"hard": hard, "used": used} if hard else {}})
