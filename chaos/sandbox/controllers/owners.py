"""From a changed pod to the workloads that it concerns."""

from __future__ import annotations

from chaos.sandbox.controllers.base import Controller
from chaos.sandbox.controllers.index import controller_of
from chaos.sandbox.store import Change


def enqueue_owners(controller: Controller, change: Change, owner_kind: str) -> None:
    """Queue the owner of a changed object, and the one that it had before."""
    for obj in (change.object, change.old):
        ref = None if obj is None else controller_of(obj)
        if ref is not None and ref["kind"] == owner_kind:
            controller.enqueue(change.object["metadata"]["namespace"], ref["name"])
