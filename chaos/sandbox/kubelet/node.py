"""What all pods of one node share."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.sandbox.controllers.plane import Plane
from chaos.sandbox.kubelet.addresses import AddressPool
from chaos.sandbox.kubelet.link import Link
from chaos.sandbox.kubelet.relist import Relist
from chaos.sandbox.kubelet.runtime import Runtime
from chaos.sandbox.store import Object


@dataclass(frozen=True, slots=True)
class Node:
    """One node's name, address and means."""

    name: str
    address: str
    plane: Plane
    runtime: Runtime
    link: Link
    addresses: AddressPool
    relist: Relist

    def event(self, pod: Object, reason: str, message: str, *, field_path: str = "", warning: bool = False) -> None:
        """Report something about a pod, or about the part of it that `field_path` names; lost while cut off."""
        if not self.link.in_touch.is_set():
            return
        self.plane.events.record(
            pod, "Pod", reason, message, component="kubelet", host=self.name, field_path=field_path, warning=warning
        )
