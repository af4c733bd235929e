"""The persistent-volume controller with a host-path provisioner, for volumeBindingMode Immediate."""

from __future__ import annotations

from kubesim.api import deletion
from kubesim.controllers.base import Controller, Name
from kubesim.store import Change, Object, StoreError, clone

COMPONENT = "persistentvolume-controller"
PROVISIONER = "kubernetes.io/host-path"
STORAGE_CLASS = "standard"  # the only one; what kind and realk8s call theirs
CLAIM_PROTECTION = "kubernetes.io/pvc-protection"


class VolumeController(Controller):
    """Binds pending claims to volumes that name them, or to new ones.

    Lets claims go when no pod uses them, and volumes with their claims.
    """

    delay = "volumes_bind"

    def on_change(self, change: Change) -> None:
        if change.kind == "PersistentVolumeClaim":
            self.enqueue_object(change.object)
        elif change.kind == "PersistentVolume" and change.type == "ADDED":
            ref = change.object["spec"].get("claimRef") or {}
            if ref.get("name"):
                self.enqueue(ref.get("namespace", ""), ref["name"])
        elif change.kind == "Pod" and change.type == "DELETED":
            for volume in change.object["spec"].get("volumes") or ():
                if "persistentVolumeClaim" in volume:
                    claim = volume["persistentVolumeClaim"]["claimName"]
                    self.enqueue(change.object["metadata"]["namespace"], claim)

    def reconcile(self, name: Name) -> None:
        claim = self.store.get("PersistentVolumeClaim", *name)
        if claim is None:
            self._reclaim(name)
        elif claim["metadata"].get("deletionTimestamp"):
            self._release(claim)
        elif (claim.get("status") or {}).get("phase") != "Bound":
            self._bind(claim)

    def _bind(self, claim: Object) -> None:
        """To a volume that was made for the claim; without one and with a class, to a new one."""
        spec = claim["spec"]
        if (volume := self._made_for(claim)) is not None:
            meta = claim["metadata"]
            ref = {**volume["spec"]["claimRef"], "uid": meta["uid"]}
            status = {"phase": "Bound", "lastPhaseTransitionTime": self.store.clock.timestamp()}
            self.store.update(
                "PersistentVolume", {**volume, "spec": {**volume["spec"], "claimRef": ref}, "status": status}
            )
            self._bound(claim, volume["metadata"]["name"], volume["spec"]["capacity"]["storage"], {})
        elif spec.get("storageClassName") or spec.get("volumeName") or spec.get("selector"):
            self._provision(claim)
        else:
            message = "no persistent volumes available for this claim and no storage class is set"
            self.plane.events.record(claim, "PersistentVolumeClaim", "FailedBinding", message, component=COMPONENT)

    def _made_for(self, claim: Object) -> Object | None:
        """The volume whose claimRef names this claim. One that was bound to a claim before, since deleted, is not."""
        meta = claim["metadata"]
        for volume in self.index.in_namespace("PersistentVolume", ""):
            ref = volume["spec"].get("claimRef") or {}
            named = (ref.get("namespace"), ref.get("name")) == (meta["namespace"], meta["name"])
            same_class = volume["spec"].get("storageClassName", "") == claim["spec"].get("storageClassName", "")
            if named and same_class and ref.get("uid", meta["uid"]) == meta["uid"]:
                return volume
        return None

    def _provision(self, claim: Object) -> None:
        meta, spec = claim["metadata"], claim["spec"]
        if spec.get("volumeName") or spec.get("selector"):
            message = "the sandbox only provisions new volumes; volumeName and selector are not modelled"
            self.plane.events.record(
                claim, "PersistentVolumeClaim", "ProvisioningFailed", message, component=COMPONENT, warning=True
            )
            return
        if (storage_class := spec["storageClassName"]) != STORAGE_CLASS:
            message = f'storageclass.storage.k8s.io "{storage_class}" not found'
            self.plane.events.record(
                claim, "PersistentVolumeClaim", "ProvisioningFailed", message, component=COMPONENT, warning=True
            )
            return
        volume_name = f"pvc-{meta['uid']}"
        capacity = spec["resources"]["requests"]["storage"]
        self._create_volume(claim, volume_name, capacity)
        provisioner = {
            "volume.beta.kubernetes.io/storage-provisioner": PROVISIONER,
            "volume.kubernetes.io/storage-provisioner": PROVISIONER,
        }
        self._bound(claim, volume_name, capacity, provisioner)
        message = f"Successfully provisioned volume {volume_name} using {PROVISIONER}"
        self.plane.events.record(claim, "PersistentVolumeClaim", "ProvisioningSucceeded", message, component=COMPONENT)

    def _bound(self, claim: Object, volume_name: str, capacity: str, annotations: dict[str, str]) -> None:
        meta, spec = claim["metadata"], claim["spec"]
        bound = clone(claim)
        bound["metadata"]["annotations"] = {
            **(meta.get("annotations") or {}),
            "pv.kubernetes.io/bind-completed": "yes",
            "pv.kubernetes.io/bound-by-controller": "yes",
            **annotations,
        }
        finalizers = bound["metadata"].setdefault("finalizers", [])
        if CLAIM_PROTECTION not in finalizers:
            finalizers.append(CLAIM_PROTECTION)
        bound["spec"]["volumeName"] = volume_name
        bound["status"] = {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": {"storage": capacity}}
        self.store.update("PersistentVolumeClaim", bound)

    def _create_volume(self, claim: Object, name: str, capacity: str) -> None:
        meta, spec = claim["metadata"], claim["spec"]
        created = self.plane.create(
            "PersistentVolume",
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {
                    "name": name,
                    "annotations": {
                        "pv.kubernetes.io/bound-by-controller": "yes",
                        "pv.kubernetes.io/provisioned-by": PROVISIONER,
                    },
                },
                "spec": {
                    "accessModes": spec["accessModes"],
                    "capacity": {"storage": capacity},
                    "claimRef": {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "name": meta["name"],
                        "namespace": meta["namespace"],
                        "uid": meta["uid"],
                    },
                    "hostPath": {"path": f"/tmp/hostpath_pv/{meta['uid']}", "type": ""},  # noqa: S108  # only a name
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": spec.get("storageClassName", ""),
                    "volumeMode": spec.get("volumeMode", "Filesystem"),
                },
            },
        )
        status = {"phase": "Bound", "lastPhaseTransitionTime": self.store.clock.timestamp()}
        self.store.update("PersistentVolume", {**created, "status": status})

    def _release(self, claim: Object) -> None:
        """Take the protection off a claim that is being deleted once no pod uses it."""
        meta = claim["metadata"]
        finalizers = meta.get("finalizers") or []
        if CLAIM_PROTECTION not in finalizers or self._in_use(claim):
            return
        left = [f for f in finalizers if f != CLAIM_PROTECTION]
        new_meta = {k: v for k, v in meta.items() if k != "finalizers"} | ({"finalizers": left} if left else {})
        deletion.update(self.store, "PersistentVolumeClaim", {**claim, "metadata": new_meta})

    def _in_use(self, claim: Object) -> bool:
        name = claim["metadata"]["name"]
        return any(
            volume.get("persistentVolumeClaim", {}).get("claimName") == name
            for pod in self.index.in_namespace("Pod", claim["metadata"]["namespace"])
            for volume in pod["spec"].get("volumes") or ()
        )

    def _reclaim(self, name: Name) -> None:
        for volume in self.index.in_namespace("PersistentVolume", ""):
            ref = volume["spec"].get("claimRef") or {}
            gone = self.index.key_of(ref.get("uid", "")) is None
            if (ref.get("namespace"), ref.get("name")) == name and gone:
                self._delete_volume(volume)

    def _delete_volume(self, volume: Object) -> None:
        if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
            self.store.update("PersistentVolume", {**volume, "status": {"phase": "Released"}})
            return
        try:
            deletion.delete(self.store, "PersistentVolume", "", volume["metadata"]["name"])
        except StoreError as exc:
            if exc.reason != "NotFound":
                raise
