"""The volume claims of a StatefulSet's members."""

from __future__ import annotations

from collections.abc import Callable

from chaos.sandbox.controllers.plane import Plane
from chaos.sandbox.controllers.pods import is_terminating
from chaos.sandbox.resources import BY_KIND
from chaos.sandbox.store import Object, clone


class SetClaims:
    """Makes claims from volumeClaimTemplates and sets who owns them, as the retention policy says."""

    def __init__(self, plane: Plane, statefulset: Object) -> None:
        self._plane = plane
        self._set = statefulset
        self._templates: list[Object] = statefulset["spec"].get("volumeClaimTemplates") or []
        self._policy: Object = statefulset["spec"].get("persistentVolumeClaimRetentionPolicy") or {}

    def create_for(self, pod: Object, event: Callable[[str, str], None]) -> None:
        """Create the claims that a new member needs and that are not there from an earlier life."""
        meta, pod_name = self._set["metadata"], pod["metadata"]["name"]
        for template in self._templates:
            name = f"{template['metadata']['name']}-{pod_name}"
            if self._plane.store.get("PersistentVolumeClaim", meta["namespace"], name) is not None:
                continue
            labels = {
                **(template["metadata"].get("labels") or {}),
                **(self._set["spec"]["selector"].get("matchLabels") or {}),
            }
            claim_meta: Object = {"name": name, "namespace": meta["namespace"], "labels": labels}
            if template["metadata"].get("annotations"):
                claim_meta["annotations"] = clone(template["metadata"]["annotations"])
            if self._policy.get("whenDeleted") == "Delete":
                claim_meta["ownerReferences"] = [_reference(self._set, "StatefulSet")]
            claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": claim_meta}
            self._plane.create("PersistentVolumeClaim", {**claim, "spec": clone(template["spec"])})
            event("SuccessfulCreate", f"create Claim {name} Pod {pod_name} in StatefulSet {meta['name']} success")

    def mount(self, pod: Object) -> None:
        """Point the pod's volumes at its claims, in place."""
        names = {template["metadata"]["name"] for template in self._templates}
        volumes = [v for v in pod["spec"].get("volumes") or () if v["name"] not in names]
        for name in sorted(names):
            claim_name = f"{name}-{pod['metadata']['name']}"
            volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim_name}})
        if volumes:
            pod["spec"]["volumes"] = volumes

    def enforce_retention(self, pods: dict[int, Object], end: int) -> None:
        """Where claims go with scaling down (whenScaled: Delete), let the condemned pods own theirs."""
        if self._policy.get("whenScaled") != "Delete":
            return
        for ordinal, pod in pods.items():
            if ordinal >= end and not is_terminating(pod):
                for template in self._templates:
                    self._own(pod, f"{template['metadata']['name']}-{pod['metadata']['name']}")

    def _own(self, pod: Object, claim_name: str) -> None:
        claim = self._plane.store.get("PersistentVolumeClaim", pod["metadata"]["namespace"], claim_name)
        if claim is None:
            return
        owners = claim["metadata"].get("ownerReferences") or []
        if not any(ref["uid"] == pod["metadata"]["uid"] for ref in owners):
            new = clone(claim)
            new["metadata"]["ownerReferences"] = [*owners, _reference(pod, "Pod")]
            self._plane.store.update("PersistentVolumeClaim", new)


def _reference(owner: Object, kind: str) -> Object:
    meta = owner["metadata"]
    return {"apiVersion": BY_KIND[kind].api_version, "kind": kind, "name": meta["name"], "uid": meta["uid"]}
