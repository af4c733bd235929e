"""The namespace controller, and the root-CA publisher that gives each namespace its ConfigMap."""

from __future__ import annotations

from kubesim.api import deletion
from kubesim.controllers.base import Controller, Name
from kubesim.store import Change, Object, StoreError, clone

ROOT_CA = "kube-root-ca.crt"
# What is emptied first, in this order; all other kinds come after. Another order would be as good, but the runs of a
# seed would differ.
_FIRST = ("Pod", "Service", "Endpoints", "ConfigMap", "Secret", "PersistentVolumeClaim", "ResourceQuota", "LimitRange",
          "Event", "StatefulSet", "Deployment", "ReplicaSet", "ControllerRevision", "Job", "NetworkPolicy",
          "PodDisruptionBudget", "EndpointSlice", "Lease")  # fmt: skip
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class NamespaceController(Controller):
    """Empties terminating namespaces (pods gracefully) and removes them when nothing is left."""

    delay = "namespace_sync"

    def on_change(self, change: Change) -> None:
        if change.kind == "Namespace":
            self.enqueue("", change.object["metadata"]["name"])
        elif change.type == "DELETED" and self._is_terminating(change.object["metadata"].get("namespace", "")):
            self.enqueue("", change.object["metadata"]["namespace"])

    def _is_terminating(self, name: str) -> bool:
        namespace = self.store.get("Namespace", "", name) if name else None
        return namespace is not None and bool(namespace["metadata"].get("deletionTimestamp"))

    def reconcile(self, name: Name) -> None:
        namespace = self.store.get("Namespace", "", name[1])
        if namespace is None:
            return
        if not namespace["metadata"].get("deletionTimestamp"):
            self._publish_root_ca(name[1])
            return
        left = 0
        for kind in self._kinds():
            for obj in self.index.in_namespace(kind, name[1]):
                left += self._delete(kind, obj)
        if not left:
            self._finish(namespace)

    def _kinds(self) -> tuple[str, ...]:
        others = [kind.resource.kind for kind in self.store.scheme if kind.resource.namespaced]
        return tuple(dict.fromkeys((*_FIRST, *others)))

    def _publish_root_ca(self, namespace: str) -> None:
        if self.store.get("ConfigMap", namespace, ROOT_CA) is None:
            meta = {"name": ROOT_CA, "namespace": namespace, "annotations": {"kubernetes.io/description": _DESCRIPTION}}
            # The simulated cluster speaks plain HTTP on loopback: there is no certificate authority to publish.
            data = {"ca.crt": ""}
            self.plane.create("ConfigMap", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})

    def _delete(self, kind: str, obj: Object) -> bool:
        """Ask for an object's deletion; True where it is still there afterwards."""
        meta = obj["metadata"]
        if not meta.get("deletionTimestamp"):
            try:
                deletion.delete(self.store, kind, meta["namespace"], meta["name"], propagation="Background")
            except StoreError as exc:
                if exc.reason != "NotFound":
                    raise
        return self.store.get(kind, meta["namespace"], meta["name"]) is not None

    def _finish(self, namespace: Object) -> None:
        new = clone(namespace)
        new["spec"]["finalizers"] = [f for f in new["spec"].get("finalizers") or () if f != "kubernetes"]
        deletion.update(self.store, "Namespace", new)
