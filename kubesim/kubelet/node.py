"""What all pods of one node share."""

from __future__ import annotations

from dataclasses import dataclass

from kubesim.controllers.plane import Plane
from kubesim.kubelet.addresses import AddressPool
from kubesim.kubelet.link import Link
from kubesim.kubelet.relist import Relist
from kubesim.kubelet.runtime import Runtime
from kubesim.store import Object


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
