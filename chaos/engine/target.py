"""The workload under test, as the watches see it."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.model import ClusterEvent, PodIdentity
from chaos.model.fault import ipv6_of
from chaos.model.object import Object

_ORDINAL_LABEL = "apps.kubernetes.io/pod-index"
_SERVICE_LABEL = "kubernetes.io/service-name"


class WatchedTarget:
    """Keeps the newest state of the target's pods and endpoints. Satisfies `chaos.experiment.Target`.

    Args:
        names: the pods' names that the StatefulSet should have, by ordinal.
        labels: of its pods.
        dual_stack: whether its service has an IPv6 family beside IPv4.
        has_ports: whether its service has ports: without one it has no SRV records.
    """

    def __init__(
        self,
        namespace: str,
        statefulset: str,
        service: str,
        port: int,
        names: tuple[str, ...],
        labels: dict[str, str] | None = None,
        *,
        dual_stack: bool = False,
        has_ports: bool = True,
    ) -> None:
        self.namespace = namespace
        self.statefulset = statefulset
        self.service = service
        self.port = port
        self.names = names
        self.labels = labels or {}
        self.dual_stack = dual_stack
        self.has_ports = has_ports
        self.objects: dict[str, Object] = {}  # pods of the StatefulSet, by name
        self._identities: dict[str, PodIdentity] = {}
        self.newest: dict[str, str] = {}  # pod name → UID of the newest pod of that name, of any in the namespace
        self._slices: dict[str, Object] = {}

    def saw(self, event: ClusterEvent) -> None:
        """Take in a watch event."""
        if event.kind == "Pod":
            if event.type != "DELETED":
                self.newest[event.name] = event.uid
            if event.name not in self.names:
                return
            if event.type == "DELETED" or not self._owns(event.object):
                known = self.objects.get(event.name)
                if known is not None and known["metadata"]["uid"] == event.uid:
                    del self.objects[event.name], self._identities[event.name]
            else:
                self.objects[event.name] = event.object
                self._identities[event.name] = pod_identity(event.object)
        elif event.kind == "EndpointSlice":
            if event.type == "DELETED":
                self._slices.pop(event.name, None)
            else:
                self._slices[event.name] = event.object

    def _owns(self, pod: Object) -> bool:
        """A pod of that name may be somebody else's."""
        owners = pod["metadata"].get("ownerReferences") or []
        return any(o["kind"] == "StatefulSet" and o["name"] == self.statefulset for o in owners)

    @property
    def pods(self) -> tuple[PodIdentity, ...]:
        """The pods that exist now, by ordinal."""
        return tuple(self._identities[name] for name in self.names if name in self._identities)

    def ready_addresses(self, service: str) -> dict[str, str]:
        """UID of each ready endpoint of a service → its IPv4 address."""
        found = {}
        for slice_, endpoint in self._endpoints(service):
            ready = (endpoint.get("conditions") or {}).get("ready") is not False
            if ready and endpoint.get("targetRef") and not is_ipv6(slice_):
                found[str(endpoint["targetRef"]["uid"])] = str(endpoint["addresses"][0])
        return found

    def others(self) -> frozenset[str]:
        """Addresses of endpoints of its service that are pods of another workload, Ready or not, or no pods at all."""
        return frozenset(
            str(address)
            for _, endpoint in self._endpoints(self.service)
            if (endpoint.get("targetRef") or {}).get("name") not in self.names
            for address in endpoint.get("addresses") or ()
        )

    def _endpoints(self, service: str) -> Iterator[tuple[Object, Object]]:
        """Each endpoint of a service, with its slice."""
        for slice_ in self._slices.values():
            if slice_["metadata"].get("labels", {}).get(_SERVICE_LABEL) == service:
                for endpoint in slice_.get("endpoints") or []:
                    yield slice_, endpoint


def is_dual_stack(service: Object) -> bool:
    """Whether a service has an IPv6 family; one that has no other is refused before this matters."""
    return "IPv6" in (service["spec"].get("ipFamilies") or ())


def is_ipv6(slice_: Object) -> bool:
    """Whether an EndpointSlice has IPv6 addresses: of a dual-stack service each family has slices of its own."""
    return bool(slice_.get("addressType") == "IPv6")


def pod_identity(pod: Object) -> PodIdentity:
    """What a fault or a report needs to know of a pod."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    claims = tuple(
        volume["persistentVolumeClaim"]["claimName"]
        for volume in spec.get("volumes") or []
        if "persistentVolumeClaim" in volume
    )
    return PodIdentity(
        name=meta["name"],
        uid=meta["uid"],
        address=status.get("podIP", ""),
        node=spec.get("nodeName", ""),
        hostname=spec.get("hostname", ""),
        ordinal=(meta.get("labels") or {}).get(_ORDINAL_LABEL, ""),
        claims=claims,
        ipv6=ipv6_of(status),
    )


def is_ready(pod: Object) -> bool:
    """Ready, with an address, and not being deleted."""
    conditions = pod.get("status", {}).get("conditions") or []
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and bool(pod["status"].get("podIP")) and "deletionTimestamp" not in pod["metadata"]
