"""The Deployment controller (pkg/controller/deployment).

Not modelled: proportional scaling of several ReplicaSets when a Deployment is scaled in the middle of a rollout (the
new one is scaled first; while it is paused, none is), and the progress deadline.
"""

from __future__ import annotations

from kubesim.controllers import rollout
from kubesim.controllers.adoption import AdoptingController
from kubesim.controllers.base import Name
from kubesim.controllers.index import controller_of
from kubesim.controllers.naming import template_hash
from kubesim.controllers.pods import owner_reference
from kubesim.fields.pod_state import condition, is_active
from kubesim.store import Change, Object, StoreError, clone

COMPONENT = "deployment-controller"
HASH_LABEL = "pod-template-hash"
_PREFIX = "deployment.kubernetes.io/"
REVISION = f"{_PREFIX}revision"


class DeploymentController(AdoptingController):
    """Moves replicas from old ReplicaSets to the one of the present template."""

    kind = "Deployment"
    owned_kind = "ReplicaSet"
    delay = "deployment_sync"

    def on_change(self, change: Change) -> None:
        super().on_change(change)
        if change.kind == "Pod" and change.type == "DELETED":
            self._pod_gone(change.object)

    def _pod_gone(self, pod: Object) -> None:
        """Strategy Recreate goes on when the last old pod is gone."""
        ref = controller_of(pod)
        key = self.index.key_of(ref["uid"]) if ref else None
        set_ = self.store.get(*key) if key else None
        owner = controller_of(set_) if set_ else None
        if owner is not None and owner["kind"] == "Deployment":
            self.enqueue(pod["metadata"]["namespace"], owner["name"])

    def reconcile(self, name: Name) -> None:
        deployment = self.store.get("Deployment", *name)
        if deployment is None:
            return
        sets = self.claim(deployment)
        if deployment["metadata"].get("deletionTimestamp"):
            self._write_status(name, deployment, None, sets)
            return
        new = self._present_set(deployment, sets)
        old = [s for s in sets if s["metadata"]["uid"] != new["metadata"]["uid"]] if new else sets
        if deployment["spec"].get("paused"):
            self._scale_paused(deployment, new, old)
            self._drop_history(deployment, old)
        else:
            if new is None:
                new = self._make_set(deployment, sets)
            if new is not None:
                self._roll(deployment, new, old)
                self._drop_history(deployment, old)
        self._write_status(name, deployment, new, sets)

    # ---- ReplicaSets ----

    def _present_set(self, deployment: Object, sets: list[Object]) -> Object | None:
        """The ReplicaSet of the present template; None where it has not been made."""
        template = deployment["spec"]["template"]
        for set_ in sets:
            theirs = clone(set_["spec"]["template"])
            theirs["metadata"]["labels"].pop(HASH_LABEL, None)
            if theirs == template:
                return self._promote(deployment, set_, sets)
        return None

    def _make_set(self, deployment: Object, old: list[Object]) -> Object | None:
        """Create the ReplicaSet of the present template; None while strategy Recreate waits for the old pods to go."""
        if (deployment["spec"].get("strategy") or {}).get("type") != "Recreate":
            return self._create_set(deployment, old)
        for set_ in old:
            self._scale(deployment, set_, 0)
        left = [p for s in old for p in self.index.controlled("Pod", s["metadata"]["uid"])]
        if any(is_active(p) or p["metadata"].get("deletionTimestamp") for p in left):
            return None
        return self._create_set(deployment, old)

    def _create_set(self, deployment: Object, old: list[Object]) -> Object:
        """Create it.

        Raises:
            StoreError: it is refused; where its name is taken, the next attempt is made with another hash.
        """
        meta, spec = deployment["metadata"], deployment["spec"]
        collisions = (deployment.get("status") or {}).get("collisionCount", 0)
        hash_ = template_hash(spec["template"], collisions)
        template, selector = clone(spec["template"]), clone(spec["selector"])
        template.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = hash_
        selector.setdefault("matchLabels", {})[HASH_LABEL] = hash_
        revision = 1 + max((_revision(s) for s in old), default=0)
        total = sum(int(s["spec"]["replicas"]) for s in old)
        surge, _ = rollout.limits(deployment)
        first = min(int(spec["replicas"]), max(0, int(spec["replicas"]) + surge - total))
        set_spec = {"replicas": first, "selector": selector, "template": template}
        if spec.get("minReadySeconds"):
            set_spec["minReadySeconds"] = spec["minReadySeconds"]
        wanted = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{hash_}",
                "namespace": meta["namespace"],
                "labels": clone(template["metadata"]["labels"]),
                "annotations": _annotations(deployment, revision),
                "ownerReferences": [owner_reference(deployment, "Deployment")],
            },
            "spec": set_spec,
        }
        try:
            created = self.plane.create("ReplicaSet", wanted)
        except StoreError as exc:
            if exc.reason == "AlreadyExists":
                status = {**(deployment.get("status") or {}), "collisionCount": collisions + 1}
                self.store.update("Deployment", {**deployment, "status": status})
            raise
        if first:
            self._event(deployment, f"Scaled up replica set {created['metadata']['name']} from 0 to {first}")
        self._annotate(deployment, revision)
        return created

    def _promote(self, deployment: Object, set_: Object, sets: list[Object]) -> Object:
        """Give the present ReplicaSet the highest revision (it is an old one after a rollback)."""
        others = max((_revision(s) for s in sets if s is not set_), default=0)
        revision = max(_revision(set_), others + 1)
        self._annotate(deployment, revision)
        annotations = {**(set_["metadata"].get("annotations") or {}), **_annotations(deployment, revision)}
        return self.store.update("ReplicaSet", {**set_, "metadata": {**set_["metadata"], "annotations": annotations}})

    def _annotate(self, deployment: Object, revision: int) -> None:
        now = self.store.get("Deployment", deployment["metadata"]["namespace"], deployment["metadata"]["name"])
        if now is not None:
            annotations = {**(now["metadata"].get("annotations") or {}), REVISION: str(revision)}
            self.store.update("Deployment", {**now, "metadata": {**now["metadata"], "annotations": annotations}})

    def _roll(self, deployment: Object, new: Object, old: list[Object]) -> None:
        active = [s for s in old if int(s["spec"]["replicas"])]
        total = int(new["spec"]["replicas"]) + sum(int(s["spec"]["replicas"]) for s in active)
        if self._scale(deployment, new, rollout.new_replicas(deployment, new, total)) or not active:
            return
        keep = rollout.old_replicas(deployment, new, active)
        for set_ in active:
            self._scale(deployment, set_, keep[set_["metadata"]["name"]])

    def _scale_paused(self, deployment: Object, new: Object | None, old: list[Object]) -> None:
        """Follow the number of replicas without rolling: only where one ReplicaSet alone has any, or none has."""
        sets = [*old, *([new] if new else [])]
        active = [s for s in sets if int(s["spec"]["replicas"])]
        if len(active) <= 1 and sets:
            chosen = active[0] if active else new or max(old, key=_revision)
            self._scale(deployment, chosen, int(deployment["spec"]["replicas"]))

    def _scale(self, deployment: Object, set_: Object, replicas: int) -> bool:
        before = int(set_["spec"]["replicas"])
        annotations = {**(set_["metadata"].get("annotations") or {}), **_annotations(deployment, None)}
        meta = {**set_["metadata"], "annotations": annotations}
        self.store.update("ReplicaSet", {**set_, "metadata": meta, "spec": {**set_["spec"], "replicas": replicas}})
        if before == replicas:
            return False
        way = "up" if replicas > before else "down"
        name = set_["metadata"]["name"]
        self._event(deployment, f"Scaled {way} replica set {name} from {before} to {replicas}")
        return True

    def _drop_history(self, deployment: Object, old: list[Object]) -> None:
        idle = [s for s in old if not int(s["spec"]["replicas"]) and not s.get("status", {}).get("replicas")]
        limit = int(deployment["spec"].get("revisionHistoryLimit", 10))
        for set_ in sorted(idle, key=_revision)[: max(0, len(idle) - limit)]:
            self.store.remove("ReplicaSet", set_["metadata"]["namespace"], set_["metadata"]["name"])

    # ---- status ----

    def _write_status(self, name: Name, deployment: Object, new: Object | None, sets: list[Object]) -> None:
        now = self.store.get("Deployment", *name)
        if now is None or now["metadata"]["uid"] != deployment["metadata"]["uid"]:
            return
        rows = [self.store.get("ReplicaSet", name[0], s["metadata"]["name"]) for s in sets]
        total = {
            key: sum(int(r.get("status", {}).get(key, 0)) for r in rows if r)
            for key in ("replicas", "readyReplicas", "availableReplicas", "terminatingReplicas")
        }
        newest = self.store.get("ReplicaSet", name[0], new["metadata"]["name"]) if new else None
        if newest is not None and all(s["metadata"]["uid"] != newest["metadata"]["uid"] for s in sets):
            total = {key: count + int(newest.get("status", {}).get(key, 0)) for key, count in total.items()}
        updated = int(newest.get("status", {}).get("replicas", 0)) if newest else 0
        wanted = int(deployment["spec"]["replicas"])
        counts = {
            **total,
            "updatedReplicas": updated,
            "unavailableReplicas": max(0, wanted - total["availableReplicas"]),
        }
        status: Object = {"observedGeneration": deployment["metadata"]["generation"]}
        status |= {key: count for key, count in counts.items() if count}
        status["terminatingReplicas"] = total["terminatingReplicas"]
        if (now.get("status") or {}).get("collisionCount"):
            status["collisionCount"] = now["status"]["collisionCount"]
        status["conditions"] = self._conditions(deployment, now, newest, counts)
        if now.get("status") != status:
            self.store.update("Deployment", {**now, "status": status})

    def _conditions(self, deployment: Object, now: Object, new: Object | None, counts: dict[str, int]) -> list[Object]:
        wanted = int(deployment["spec"]["replicas"])
        _, unavailable = rollout.limits(deployment)
        enough = counts["availableReplicas"] >= wanted - unavailable
        if enough:
            available = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            available = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        rows = [self._condition(now, "Available", *available)]
        before = condition(now, "Progressing")
        if deployment["spec"].get("paused"):
            rows.append(self._condition(now, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"))
        elif new is not None:
            named = f'ReplicaSet "{new["metadata"]["name"]}"'
            done = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
            if done:
                progress = ("True", "NewReplicaSetAvailable", f"{named} has successfully progressed.")
            elif before is None:
                progress = ("True", "NewReplicaSetCreated", f'Created new replica set "{new["metadata"]["name"]}"')
            else:
                progress = ("True", "ReplicaSetUpdated", f"{named} is progressing.")
            rows.append(self._condition(now, "Progressing", *progress))
        return rows

    def _condition(self, now: Object, type_: str, status: str, reason: str, message: str) -> Object:
        stamp = self.store.clock.timestamp()
        before = condition(now, type_)
        if before and (before["status"], before["reason"], before["message"]) == (status, reason, message):
            return before
        changed = stamp if before is None or before["status"] != status else before["lastTransitionTime"]
        return {
            "type": type_,
            "status": status,
            "lastUpdateTime": stamp,
            "lastTransitionTime": changed,
            "reason": reason,
            "message": message,
        }

    def _event(self, deployment: Object, message: str) -> None:
        self.plane.events.record(deployment, "Deployment", "ScalingReplicaSet", message, component=COMPONENT)


def _revision(set_: Object) -> int:
    text = (set_["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdecimal() else 0  # anybody may write annotations


def _annotations(deployment: Object, revision: int | None) -> dict[str, str]:
    wanted = int(deployment["spec"]["replicas"])
    surge, _ = rollout.limits(deployment)
    rows = {f"{_PREFIX}desired-replicas": str(wanted), f"{_PREFIX}max-replicas": str(wanted + surge)}
    return rows if revision is None else {**rows, REVISION: str(revision)}
