"""The StatefulSet controller (pkg/controller/statefulset/stateful_set_control.go of 1.37).

Not modelled, as its feature gate is closed by default: the update strategy Recreate.
"""

from __future__ import annotations

from kubesim.controllers.adoption import AdoptingController
from kubesim.controllers.base import Name
from kubesim.controllers.pods import available_in_s, owner_reference, pod_from_template
from kubesim.controllers.revisions import Revisions
from kubesim.controllers.set_claims import SetClaims
from kubesim.controllers.set_round import Round, split_name
from kubesim.fields.pod_state import TERMINAL, is_running_and_ready, is_terminating, phase
from kubesim.store import Object, StoreError

COMPONENT = "statefulset-controller"
REVISION_LABEL = "controller-revision-hash"


class StatefulSetController(AdoptingController):
    """Creates, replaces and deletes the pods of StatefulSets, in order."""

    kind = "StatefulSet"
    delay = "statefulset_sync"

    def adopters(self, orphan: Object) -> list[Object]:
        """The set after which a pod is named."""
        set_name, _ = split_name(orphan["metadata"]["name"])
        set_ = self.store.get("StatefulSet", orphan["metadata"]["namespace"], set_name)
        return [set_] if set_ else []

    def reconcile(self, name: Name) -> None:
        set_ = self.store.get("StatefulSet", *name)
        if set_ is None:
            return
        owned = self.claim(set_, name_prefix=f"{name[1]}-")
        names = [(split_name(pod["metadata"]["name"]), pod) for pod in owned]
        pods = {ordinal: pod for (set_name, ordinal), pod in names if set_name == name[1]}
        revisions = Revisions(self.plane, set_)
        update, current = revisions.update_and_current()
        round_ = Round(set_, dict(sorted(pods.items())), revisions, update, current, {})
        self._count(round_)
        try:
            if not set_["metadata"].get("deletionTimestamp"):
                self._work(round_)
        finally:
            self._complete_update(round_)
            self._write_status(round_)
            used = {p["metadata"].get("labels", {}).get(REVISION_LABEL, "") for p in pods.values()}
            status = round_.status
            revisions.drop_unused(used | {status["currentRevision"], status["updateRevision"]})

    # ---- counting ----

    def _count(self, r: Round) -> None:
        min_ready_s = int(r.set["spec"].get("minReadySeconds", 0))
        ready = available = current = updated = 0
        waits_s: list[float] = []
        for pod in r.pods.values():
            if is_running_and_ready(pod):
                ready += 1
                left_s = available_in_s(pod, min_ready_s, self.store.clock)
                available += left_s == 0
                waits_s += [left_s] if left_s else []
            if not is_terminating(pod):
                revision = pod["metadata"].get("labels", {}).get(REVISION_LABEL)
                current += revision == r.current["metadata"]["name"]
                updated += revision == r.update["metadata"]["name"]
        if waits_s:
            self.enqueue_after(r.set["metadata"]["namespace"], r.set["metadata"]["name"], min(waits_s))
        r.status = {
            "observedGeneration": r.set["metadata"]["generation"],
            "replicas": len(r.pods),
            "readyReplicas": ready,
            "availableReplicas": available,
            "currentReplicas": current,
            "updatedReplicas": updated,
            "currentRevision": r.current["metadata"]["name"],
            "updateRevision": r.update["metadata"]["name"],
            "collisionCount": r.revisions.collisions,
        }

    def _complete_update(self, r: Round) -> None:
        s = r.status
        if r.strategy == "RollingUpdate" and s["updatedReplicas"] == s["replicas"] == s["readyReplicas"]:
            s["currentReplicas"], s["currentRevision"] = s["updatedReplicas"], s["updateRevision"]

    def _write_status(self, r: Round) -> None:
        always = ("observedGeneration", "replicas", "availableReplicas", "collisionCount")
        status = {key: value for key, value in r.status.items() if value or key in always}
        meta = r.set["metadata"]
        now = self.store.get("StatefulSet", meta["namespace"], meta["name"])
        if now is not None and now["metadata"]["uid"] == meta["uid"] and now.get("status") != status:
            self.store.update("StatefulSet", {**now, "status": status})

    # ---- doing ----

    def _work(self, r: Round) -> None:
        self._set_claim_owners(r)
        for ordinal in range(r.first, r.end):
            if self._settle(r, ordinal) and r.ordered:
                return
        condemned = [pod for o, pod in sorted(r.pods.items(), reverse=True) if not r.first <= o < r.end]
        unhealthy = next((p for p in r.pods.values() if not self._is_available(r, p)), None)
        for pod in condemned:
            if is_terminating(pod):
                if r.ordered:
                    return
                continue
            if r.ordered and not self._is_available(r, pod) and pod is not unhealthy:
                return
            self._delete(r, pod)
            if r.ordered:
                return
        self._roll(r)

    def _set_claim_owners(self, r: Round) -> None:
        if not r.set["spec"].get("volumeClaimTemplates"):
            return
        claims = SetClaims(self.plane, r.set)
        for ordinal, pod in r.pods.items():
            condemned = not r.first <= ordinal < r.end
            if not condemned and r.ordered and is_terminating(pod):
                continue  # seen in the lab: scaling up again does not save the claims of a pod that terminates already
            if claims.set_owners(pod, condemned=condemned) and not condemned:
                message = f"update Pod {pod['metadata']['name']} in StatefulSet {r.set['metadata']['name']} successful"
                self._event(r, "SuccessfulUpdate", message)

    def _settle(self, r: Round, ordinal: int) -> bool:
        """Bring one member nearer to running; True where an ordered set must wait for it."""
        pod = r.pods.get(ordinal)
        if pod is None:
            self._create(r, ordinal)
            return True
        if is_terminating(pod):
            return True
        if phase(pod) in TERMINAL:
            kind = "Failed" if phase(pod) == "Failed" else "Terminated"
            meta = r.set["metadata"]
            message = f"StatefulSet {meta['namespace']}/{meta['name']} is recreating {kind.lower()} Pod "
            self._event(r, f"Recreating{kind}Pod", message + pod["metadata"]["name"], warning=kind == "Failed")
            self._delete(r, pod)
            return True
        return not self._is_available(r, pod)

    def _create(self, r: Round, ordinal: int) -> None:
        meta, spec = r.set["metadata"], r.set["spec"]
        name = f"{meta['name']}-{ordinal}"
        claims = SetClaims(self.plane, r.set)
        if claims.are_stale(name):
            return
        revision = r.revision_of(ordinal)
        template = r.revisions.template(revision)
        pod = pod_from_template(
            template, meta["namespace"], name, f"{meta['name']}-", owner_reference(r.set, "StatefulSet")
        )
        pod["metadata"]["labels"] |= {
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
            REVISION_LABEL: revision["metadata"]["name"],
        }
        # Identity is given here and never again: a pod that is adopted keeps what it was created with.
        pod["spec"]["hostname"] = name
        if spec.get("serviceName"):
            pod["spec"]["subdomain"] = spec["serviceName"]
        claims.create_for(pod, lambda reason, message: self._event(r, reason, message))
        claims.set_owners(pod, condemned=False)
        claims.mount(pod)
        try:
            self.plane.create("Pod", pod)
        except StoreError as exc:
            message = f"create Pod {name} in StatefulSet {meta['name']} failed error: {exc.message}"
            self._event(r, "FailedCreate", message, warning=True)
            raise
        self._event(r, "SuccessfulCreate", f"create Pod {name} in StatefulSet {meta['name']} successful")

    def _delete(self, r: Round, pod: Object) -> None:
        self.plane.delete_pod(pod)
        name, set_name = pod["metadata"]["name"], r.set["metadata"]["name"]
        self._event(r, "SuccessfulDelete", f"delete Pod {name} in StatefulSet {set_name} successful")

    def _roll(self, r: Round) -> None:
        """Delete members of another revision from the highest ordinal down, as many as may be unavailable.

        In a parallel set those that are unavailable themselves go in any case: nothing is lost with them.
        """
        if r.strategy == "OnDelete":
            return
        members = [r.pods.get(ordinal) for ordinal in range(r.first, r.end)]
        room = r.max_unavailable - sum(pod is None or not self._is_available(r, pod) for pod in members)
        outdated = [
            pod
            for pod in reversed(members[r.partition :])
            if pod is not None
            and not is_terminating(pod)
            and pod["metadata"].get("labels", {}).get(REVISION_LABEL) != r.update["metadata"]["name"]
        ]
        lost: list[Object] = [] if r.ordered else [pod for pod in outdated if not self._is_available(r, pod)]
        kept = [pod for pod in outdated if pod not in lost]
        for pod in (*lost, *kept[: max(0, room)]):
            self._delete(r, pod)
            r.status["currentReplicas"] -= 1

    def _is_available(self, r: Round, pod: Object) -> bool:
        if is_terminating(pod) or not is_running_and_ready(pod):
            return False
        return available_in_s(pod, int(r.set["spec"].get("minReadySeconds", 0)), self.store.clock) == 0

    def _event(self, r: Round, reason: str, message: str, *, warning: bool = False) -> None:
        self.plane.events.record(r.set, "StatefulSet", reason, message, component=COMPONENT, warning=warning)
