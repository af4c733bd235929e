"""Event objects, as `kubectl describe` and `kubectl get events` show them."""

from __future__ import annotations

from kubesim.kinds import BY_KIND
from kubesim.store import Object, Store, clone

_NS_PER_S = 1_000_000_000


class EventRecorder:
    """Writes Events; the same event about the same object again only raises its count.

    Events are never expired (a real API server drops them after an hour).
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[tuple[str, ...], str] = {}
        self._last_ns = 0

    def record(
        self,
        about: Object,
        kind: str,
        reason: str,
        message: str,
        *,
        component: str,
        host: str = "",
        field_path: str = "",
        warning: bool = False,
    ) -> None:
        """Record one event about an object of a kind.

        `component` is who reports, such as ``statefulset-controller``; `host` is the node of a kubelet; `field_path` is
        the part of the object, such as ``spec.containers{nginx}``. Nothing is recorded in a terminating namespace,
        where a real API server refuses new events.
        """
        meta = about["metadata"]
        namespace = meta.get("namespace") or "default"
        same = (meta["uid"], reason, message, component, host, field_path)
        if self._is_terminating(namespace):
            return
        old = self._store.get("Event", namespace, self._names.get(same, ""))
        if old is not None:
            again = clone(old)
            again["count"] += 1
            again["lastTimestamp"] = self._store.clock.timestamp()
            self._store.update("Event", again)
            return
        name = self._names[same] = f"{meta['name']}.{self._unique_ns():x}"
        now = self._store.clock.timestamp()
        self._store.create(
            "Event",
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": {
                    "kind": kind,
                    "namespace": meta.get("namespace", ""),
                    "name": meta["name"],
                    "uid": meta["uid"],
                    "apiVersion": BY_KIND[kind].resource.api_version,
                    "resourceVersion": meta["resourceVersion"],
                }
                | ({"fieldPath": field_path} if field_path else {}),
                "reason": reason,
                "message": message,
                "type": "Warning" if warning else "Normal",
                "source": {"component": component} | ({"host": host} if host else {}),
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": host,
            },
        )

    def _is_terminating(self, namespace: str) -> bool:
        space = self._store.get("Namespace", "", namespace)
        return space is None or bool(space["metadata"].get("deletionTimestamp"))

    def _unique_ns(self) -> int:
        now_ns = round(self._store.clock.wall().timestamp() * _NS_PER_S)
        self._last_ns = max(now_ns, self._last_ns + 1)
        return self._last_ns
