"""The volume claims of a StatefulSet's members (pkg/controller/statefulset/stateful_set_utils.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubesim.controllers.index import controller_of
from kubesim.controllers.plane import Plane
from kubesim.controllers.pods import owner_reference
from kubesim.store import Object, clone

_CLAIM = "PersistentVolumeClaim"


class SetClaims:
    """Makes claims from volumeClaimTemplates and sets who owns them, as the retention policy says."""

    def __init__(self, plane: Plane, statefulset: Object) -> None:
        self._plane = plane
        self._set = statefulset
        self._templates: dict[str, Object] = {
            (template.get("metadata") or {}).get("name", ""): template
            for template in statefulset["spec"].get("volumeClaimTemplates") or ()
        }
        policy: Object = statefulset["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
        self._go_with_set = policy.get("whenDeleted") == "Delete"
        self._go_with_scaling = policy.get("whenScaled") == "Delete"

    def create_for(self, pod: Object, event: Callable[[str, str], None]) -> None:
        """Create the claims that a new member needs and that are not there from an earlier life.

        Raises:
            StoreError: a claim is refused.
        """
        set_name, pod_name = self._set["metadata"]["name"], pod["metadata"]["name"]
        for template_name, template in self._templates.items():
            name = f"{template_name}-{pod_name}"
            if self._plane.store.get(_CLAIM, self._set["metadata"]["namespace"], name) is None:
                self._plane.create(_CLAIM, self._new(name, template))
                event("SuccessfulCreate", f"create Claim {name} Pod {pod_name} in StatefulSet {set_name} success")

    def mount(self, pod: Object) -> None:
        """Point the pod's volumes at its claims, in place."""
        volumes = [v for v in pod["spec"].get("volumes") or () if v["name"] not in self._templates]
        for name in sorted(self._templates):
            claim_name = f"{name}-{pod['metadata']['name']}"
            volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim_name}})
        if volumes:
            pod["spec"]["volumes"] = volumes

    def are_stale(self, pod_name: str) -> bool:
        """Whether claims of this name are to go with an earlier pod of this name.

        The set then makes no new pod. As on a real cluster nothing tells it when they are gone: it goes on at the next
        change of the set or of one of its pods.
        """
        return self._go_with_scaling and any(
            ref["kind"] == "Pod" and ref["name"] == pod_name
            for claim in self._of(pod_name)
            for ref in claim["metadata"].get("ownerReferences") or ()
        )

    def set_owners(self, pod: Object, *, condemned: bool) -> bool:
        """Give a member's claims the owner that the policy asks for; False where they have it already.

        A claim that somebody else controls is left alone.
        """
        owner = self._owner(pod, condemned=condemned)
        candidates = (self._set["metadata"]["uid"], pod["metadata"].get("uid"))  # a pod to be created has none yet
        changed = False
        for claim in self._of(pod["metadata"]["name"]):
            controller = controller_of(claim)
            if controller is not None and controller["uid"] not in candidates:
                continue
            before = claim["metadata"].get("ownerReferences") or []
            owners = [ref for ref in before if ref["uid"] not in candidates] + ([owner] if owner else [])
            if owners != before:
                meta = {key: part for key, part in claim["metadata"].items() if key != "ownerReferences"}
                meta |= {"ownerReferences": owners} if owners else {}
                self._plane.store.update(_CLAIM, {**claim, "metadata": meta})
                changed = True
        return changed

    def _owner(self, pod: Object, *, condemned: bool) -> Object | None:
        """Who takes a member's claims along when it goes: the set, the pod or nobody.

        `condemned` members are those outside the set's ordinals.
        """
        if condemned and self._go_with_scaling:
            return owner_reference(pod, "Pod")
        return owner_reference(self._set, "StatefulSet") if self._go_with_set else None

    def _of(self, pod_name: str) -> Iterator[Object]:
        for name in self._templates:
            claim = self._plane.store.get(_CLAIM, self._set["metadata"]["namespace"], f"{name}-{pod_name}")
            if claim is not None:
                yield claim

    def _new(self, name: str, template: Object) -> Object:
        given = template.get("metadata") or {}
        labels = {**(given.get("labels") or {}), **(self._set["spec"]["selector"].get("matchLabels") or {})}
        meta: Object = {"name": name, "namespace": self._set["metadata"]["namespace"], "labels": labels}
        if given.get("annotations"):
            meta["annotations"] = clone(given["annotations"])
        if self._go_with_set:
            meta["ownerReferences"] = [owner_reference(self._set, "StatefulSet")]
        return {"apiVersion": "v1", "kind": _CLAIM, "metadata": meta, "spec": clone(template.get("spec") or {})}
