"""What checks look at: objects of a cluster or of files, and what cluster DNS said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from chaos.diagnose.diagnostic import Reference
from chaos.diagnose.values import labels_of, mapping, mappings, number, selects, text
from chaos.model.object import Object

if TYPE_CHECKING:
    from chaos.diagnose.location import SourceLocation
    from chaos.diagnose.measured import Measured
    from chaos.diagnose.not_read import NotRead

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"


@dataclass(frozen=True)
class Item:
    """One object.

    Attributes:
        object: as the API server or the file has it.
        namespace: where it is, or would be; empty for kinds without.
        location: in a file; None for objects of a cluster.
    """

    object: Object
    namespace: str
    location: SourceLocation | None = None

    @cached_property
    def kind(self) -> str:
        return text(self.object.get("kind"))

    @cached_property
    def name(self) -> str:
        return text(mapping(self.object, "metadata").get("name"))

    @cached_property
    def labels(self) -> dict[str, str]:
        return labels_of(mapping(self.object, "metadata").get("labels"))

    @property
    def spec(self) -> Object:
        return mapping(self.object, "spec")

    @property
    def status(self) -> Object:
        return mapping(self.object, "status")

    def reference(self, *path: str | int, offset: int = 0) -> Reference:
        """The object, and the line of one of its fields; `offset` lines into a text."""
        file, line = ("", 0) if self.location is None else (self.location.file, self.location.line(path, offset))
        return Reference(self.kind, self.name, self.namespace, file, line)


@dataclass(frozen=True)
class WorkloadItem(Item):
    """An object that makes pods, or a pod that nobody made.

    Attributes:
        template_path: of the fields to the pod's template; empty for a pod.
    """

    template_path: tuple[str, ...] = ("spec", "template")

    @property
    def template(self) -> Object:
        return mapping(self.object, *self.template_path)

    @property
    def pod_spec(self) -> Object:
        return mapping(self.template, "spec")

    @cached_property
    def pod_labels(self) -> dict[str, str]:
        return labels_of(mapping(self.template, "metadata").get("labels"))

    @property
    def containers(self) -> list[tuple[tuple[str | int, ...], Object]]:
        """Each container that stays, with its path in the object."""
        return self._containers("containers")

    @property
    def every_container(self) -> list[tuple[tuple[str | int, ...], Object]]:
        """Init containers too, first."""
        return [*self._containers("initContainers"), *self.containers]

    def _containers(self, field: str) -> list[tuple[tuple[str | int, ...], Object]]:
        path = (*self.template_path, "spec", field)
        return [((*path, i), container) for i, container in enumerate(mappings(self.pod_spec.get(field)))]

    @property
    def replicas(self) -> int:
        return number(self.spec.get("replicas"), 1)

    @property
    def service_name(self) -> str:
        return text(self.spec.get("serviceName"))

    @property
    def first_ordinal(self) -> int:
        return number(mapping(self.spec, "ordinals").get("start"), 0)

    @property
    def ordinals(self) -> range:
        return range(self.first_ordinal, self.first_ordinal + self.replicas)

    def labels_of_pod(self, ordinal: int) -> dict[str, str]:
        """Of one pod of a StatefulSet, with those that its controller adds."""
        own = {POD_NAME_LABEL: f"{self.name}-{ordinal}", POD_INDEX_LABEL: str(ordinal)}
        return {**self.pod_labels, **own} if self.kind == "StatefulSet" else self.pod_labels

    def selected_by(self, selector: dict[str, str]) -> bool:
        """Whether a Service's selector selects at least one of its pods."""
        of_all = {key: value for key, value in selector.items() if key not in (POD_NAME_LABEL, POD_INDEX_LABEL)}
        if not selector or not of_all.items() <= self.pod_labels.items():
            return False
        if len(of_all) == len(selector):
            return True
        return any(selects(selector, self.labels_of_pod(ordinal)) for ordinal in self.ordinals or range(1))


_TEMPLATES: dict[str, tuple[str, ...]] = {
    "StatefulSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}


@dataclass(eq=False)
class Snapshot:
    """Objects, and what is known about them.

    Attributes:
        items: everything that was read.
        where: for sentences: ``in the given files``, ``in namespace x``.
        live: whether it is a cluster's.
        domain: of the cluster, such as ``cluster.local``.
        domain_known: whether the cluster said so itself.
        namespace_assumed: whether objects that name none may be meant for any.
        elsewhere: services of other namespaces.
        dns_pods: the pods of cluster DNS.
        dns_namespace: where they are; None where it was not read.
        measured: what cluster DNS said.
        unmeasured: why it was not asked; empty where it was.
        unread: kind → why objects of it could not be read.
        not_read: documents of files that could not be read.
    """

    items: tuple[Item, ...]
    where: str
    live: bool = False
    domain: str = "cluster.local"
    domain_known: bool = False
    namespace_assumed: bool = False
    elsewhere: tuple[Item, ...] = ()
    dns_pods: tuple[Item, ...] = ()
    dns_namespace: Item | None = None
    measured: Measured | None = None
    unmeasured: str = "needs a cluster: name one with --context or --in-cluster"
    unread: Mapping[str, str] = field(default_factory=dict)
    not_read: tuple[NotRead, ...] = ()

    @cached_property
    def _by_kind(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.kind, []).append(item)
        return found

    def of(self, kind: str, namespace: str | None = None) -> list[Item]:
        """All objects of a kind, of one namespace or of all."""
        return [i for i in self._by_kind.get(kind, ()) if namespace is None or i.namespace == namespace]

    def get(self, kind: str, name: str, namespace: str) -> Item | None:
        """One object."""
        return next((item for item in self.of(kind, namespace) if item.name == name), None)

    @cached_property
    def workloads(self) -> tuple[WorkloadItem, ...]:
        """What makes pods; of pods only those that nobody made."""
        found = []
        for kind, path in _TEMPLATES.items():
            for item in self.of(kind):
                if kind == "Pod" and mapping(item.object, "metadata").get("ownerReferences"):
                    continue
                found.append(WorkloadItem(item.object, item.namespace, item.location, path))
        return tuple(found)

    @cached_property
    def sets(self) -> tuple[WorkloadItem, ...]:
        """The StatefulSets."""
        return tuple(w for w in self.workloads if w.kind == "StatefulSet")

    @cached_property
    def _pods_by_set(self) -> dict[tuple[str, str], list[Item]]:
        found: dict[tuple[str, str], list[Item]] = {}
        for pod in self.of("Pod"):
            for owner in mappings(mapping(pod.object, "metadata").get("ownerReferences")):
                if owner.get("kind") == "StatefulSet":
                    found.setdefault((pod.namespace, text(owner.get("name"))), []).append(pod)
        return found

    def pods_of(self, workload: WorkloadItem) -> list[Item]:
        """The pods of a StatefulSet that exist."""
        return self._pods_by_set.get((workload.namespace, workload.name), [])

    def set_of(self, pod: Item) -> WorkloadItem | None:
        """The StatefulSet that a pod is of."""
        for owner in mappings(mapping(pod.object, "metadata").get("ownerReferences")):
            if owner.get("kind") == "StatefulSet":
                named = (pod.namespace, text(owner.get("name")))
                return next((w for w in self.sets if (w.namespace, w.name) == named), None)
        return None

    def dns_says(self, names: Iterable[str]) -> list[str]:
        """What cluster DNS answered for names that end with ``.svc``, for people; nothing where it was not asked."""
        if self.measured is None:
            return []
        return [said for name in names if (said := self.measured.describe(f"{name}.{self.domain}"))]

    def services_of(self, workload: WorkloadItem) -> list[Item]:
        """The services whose selector selects its pods, and the governing one."""
        return [
            service
            for service in self.of("Service", workload.namespace)
            if workload.selected_by(selector_of(service)) or service.name == workload.service_name != ""
        ]

    def sets_behind(self, service: Item) -> tuple[str, ...]:
        """Names of the StatefulSets that a service matters to."""
        return tuple(w.name for w in self.sets if w.namespace == service.namespace and service in self.services_of(w))


def selector_of(service: Item) -> dict[str, str]:
    """A Service's selector."""
    return labels_of(service.spec.get("selector"))


def is_headless(service: Item) -> bool:
    """Whether DNS answers with its pods' addresses."""
    return text(service.spec.get("clusterIP")).lower() == "none"  # "none" is refused: one finding is enough


def is_ready(pod: Item) -> bool:
    """Whether its Ready condition holds and it is not being deleted."""
    conditions = mappings(pod.status.get("conditions"))
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    return ready and "deletionTimestamp" not in mapping(pod.object, "metadata")
