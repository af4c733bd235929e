"""The one table of what this tool needs to be allowed; printed Roles, the preflight and `chaos doctor` come from it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chaos.cluster.client import Cluster
from chaos.cluster.mirror import MIRROR_NAME
from chaos.errors import PreflightError

DNS_NAMESPACE = "kube-system"
# Resources without a namespace that an experiment may declare.
_CLUSTER_WIDE = ("namespaces", "nodes", "persistentvolumes")
# Objects there that are allowed by name only, so that a Role for them covers no others.
DNS_OBJECTS = {"configmaps": "coredns", "deployments": "coredns"}
_ASKS_FOR_CREATE = 35  # the minor version of Kubernetes 1


class Feature(StrEnum):
    """What somebody may want to be able to do."""

    RUN = "run"  # an experiment in an existing namespace
    MIRROR = "mirror"  # what is to be undone stands in the cluster too
    AGENTS = "agents"  # probe pods in that namespace
    EXPERIMENT = "experiment"  # what one experiment does beyond that
    READ_DNS = "read-dns"  # ask each DNS server and tell its configuration
    DISTURB_DNS = "disturb-dns"  # experiments with cluster DNS itself
    MAKE_NAMESPACE = "make-namespace"  # runs that bring their own namespace
    EVENTS = "events"  # what is done to the target stands beside it; a run goes on without
    CONDITIONS = "conditions"  # of objects in that namespace, in --abort-if
    NODE_CONDITIONS = "node-conditions"  # of nodes, in --abort-if


class Scope(StrEnum):
    """Where a permission is needed."""

    OWN = "own namespace"
    DNS = DNS_NAMESPACE
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Permission:
    """One verb on one resource.

    Attributes:
        resource: plural, with its subresource: ``pods/exec``.
        group: of the API; empty for the core group.
        why: what it is for, as half a sentence.
        name: of the one object that it is needed for; empty: for any.
    """

    verb: str
    resource: str
    group: str
    scope: Scope
    feature: Feature
    why: str
    name: str = ""

    def describe(self, namespace: str) -> str:
        """For people: ``create jobs.batch in namespace x``."""
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        where = {Scope.OWN: f"namespace {namespace}", Scope.DNS: f"namespace {DNS_NAMESPACE}", Scope.CLUSTER: ""}
        place = where[self.scope]
        name += f" {self.name}" if self.name else ""
        return f"{self.verb} {name}" + (f" in {place}" if place else " (cluster-wide)")


def _rows(
    feature: Feature, scope: Scope, group: str, resource: str, verbs: str, why: str, name: str = ""
) -> tuple[Permission, ...]:
    return tuple(Permission(verb, resource, group, scope, feature, why, name) for verb in verbs.split())


_RUN, _OWN = Feature.RUN, Scope.OWN
PERMISSIONS: tuple[Permission, ...] = (
    *_rows(_RUN, _OWN, "", "namespaces", "get", "to see whether its owner allows it, and who ends it"),
    *_rows(
        _RUN, _OWN, "coordination.k8s.io", "leases", "get create patch delete", "one run works in a namespace at a time"
    ),
    *_rows(_RUN, _OWN, "", "services", "get list watch create delete", "the workload"),
    *_rows(_RUN, _OWN, "apps", "statefulsets", "get list watch create delete", "the workload"),
    *_rows(_RUN, _OWN, "apps", "deployments", "get create delete", "the contrast to it"),
    *_rows(_RUN, _OWN, "", "pods", "get list watch delete", "what is measured, and the fault"),
    *_rows(_RUN, _OWN, "discovery.k8s.io", "endpointslices", "list watch", "when endpoints turn ready"),
    *_rows(_RUN, _OWN, "", "persistentvolumeclaims", "get list watch", "whether a pod comes back to the same claim"),
    *_rows(_RUN, _OWN, "", "persistentvolumeclaims", "delete", "claims outlive the StatefulSet that made them"),
    *_rows(_RUN, _OWN, "policy", "poddisruptionbudgets", "list", "no pod is taken that a budget wants to stay"),
    *_rows(Feature.MIRROR, _OWN, "", "configmaps", "list", "to see what an earlier run did not undo"),
    *_rows(Feature.MIRROR, _OWN, "", "configmaps", "create", "how to undo what a run changes of others"),
    *_rows(
        Feature.MIRROR, _OWN, "", "configmaps", "get patch delete", "the same, while and after it does", MIRROR_NAME
    ),
    *_rows(Feature.AGENTS, _OWN, "batch", "jobs", "get create delete", "the agents"),
    *_rows(Feature.AGENTS, _OWN, "", "configmaps", "get create", "the agents' program"),
    *_rows(Feature.AGENTS, _OWN, "", "pods/exec", "get", "the stream to each agent"),
    *_rows(
        Feature.AGENTS, _OWN, "networking.k8s.io", "networkpolicies", "get list create", "where policies isolate pods"
    ),
    *_rows(Feature.EVENTS, _OWN, "", "events", "create", "what is done to the target is told beside it"),
    *_rows(Feature.READ_DNS, Scope.DNS, "", "namespaces", "get", "its UID tells clusters apart"),
    *_rows(Feature.READ_DNS, Scope.DNS, "", "services", "list", "the cluster DNS address"),
    *_rows(Feature.READ_DNS, Scope.DNS, "", "pods", "list", "each DNS server is a view of its own"),
    *_rows(Feature.READ_DNS, Scope.DNS, "", "configmaps", "get", "the Corefile stands in the report"),
    *_rows(Feature.DISTURB_DNS, Scope.DNS, "", "pods", "get list delete", "DNS servers are deleted, and replaced"),
    *_rows(Feature.DISTURB_DNS, Scope.DNS, "apps", "deployments", "get patch", "DNS is scaled to nothing and back"),
    *_rows(Feature.DISTURB_DNS, Scope.DNS, "", "configmaps", "get patch", "DNS is configured to be slow, and back"),
    *_rows(
        Feature.DISTURB_DNS,
        Scope.DNS,
        "policy",
        "poddisruptionbudgets",
        "list",
        "no server is taken that a budget keeps",
    ),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "", "namespaces", "get create delete", "a namespace for each run"),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "apps", "deployments", "list", "whether others work in it by now"),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "apps", "replicasets", "list", "whether others work in it by now"),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "apps", "daemonsets", "list", "whether others work in it by now"),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "batch", "jobs", "list", "whether others work in it by now"),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "batch", "cronjobs", "list", "whether others work in it by now"),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "", "limitranges", "list", "whether others work in it by now"),
    *_rows(Feature.MAKE_NAMESPACE, Scope.CLUSTER, "", "resourcequotas", "list", "whether others work in it by now"),
    *_rows(
        Feature.MAKE_NAMESPACE,
        Scope.CLUSTER,
        "networking.k8s.io",
        "networkpolicies",
        "list",
        "whether others work in it by now",
    ),
    *_rows(
        Feature.MAKE_NAMESPACE,
        Scope.CLUSTER,
        "networking.k8s.io",
        "ingresses",
        "list",
        "whether others work in it by now",
    ),
    *_rows(Feature.NODE_CONDITIONS, Scope.CLUSTER, "", "nodes", "get", "a node's condition in --abort-if"),
)
# Printed in Roles beside the table. Kubernetes 1.35 asks for `create` too where a websocket is opened
# (https://github.com/kubernetes/kubernetes/pull/134577); older ones do not.
WEBSOCKETS_FROM_135 = Permission(
    "create", "pods/exec", "", _OWN, Feature.AGENTS, "the stream to each agent, from Kubernetes 1.35 on"
)


def uses_of(name: str, uses: Iterable[str]) -> list[Permission]:
    """What one experiment declares beyond the table; see `Experiment.uses`."""
    rows: list[Permission] = []
    for use in uses:
        verbs, _, what = use.partition(" ")
        resource, _, group = what.partition(".")
        scope = Scope.CLUSTER if resource in _CLUSTER_WIDE else _OWN
        rows += _rows(Feature.EXPERIMENT, scope, group, resource, verbs.replace(",", " "), f"the experiment {name}")
    return rows


def needed(features: Iterable[Feature], server_version: str) -> list[Permission]:
    """The rows of these features on such a server (``v1.34.4``). Who makes a namespace needs them everywhere."""
    wanted = set(features)
    rows = [*PERMISSIONS, WEBSOCKETS_FROM_135] if _minor(server_version) >= _ASKS_FOR_CREATE else PERMISSIONS
    return [permission for permission in rows if permission.feature in wanted]


def _minor(version: str) -> int:
    """35 of ``v1.35.2+k3s1``; 0 where it cannot be read."""
    found = re.match(r"v?1\.(\d+)", version)
    return int(found[1]) if found else 0


async def denied(cluster: Cluster, wanted: Sequence[Permission], namespace: str) -> list[Permission]:
    """Those that the cluster would refuse, by its own answer (SelfSubjectAccessReview); nothing is changed by asking.

    Args:
        cluster: to be asked.
        wanted: rows of the table.
        namespace: the run's; empty where one is to be made: then the permission is needed in all.

    Raises:
        ApiError: the API server cannot be asked.
    """
    answers = await asyncio.gather(*(_allowed(cluster, permission, namespace) for permission in wanted))
    return [permission for permission, allowed in zip(wanted, answers, strict=True) if not allowed]


async def _allowed(cluster: Cluster, permission: Permission, namespace: str) -> bool:
    resource, _, subresource = permission.resource.partition("/")
    places = {Scope.OWN: namespace, Scope.DNS: DNS_NAMESPACE, Scope.CLUSTER: ""}
    attributes = {
        "verb": permission.verb,
        "group": permission.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": places[permission.scope],
        "name": DNS_OBJECTS.get(resource, "") if permission.scope is Scope.DNS else permission.name,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {"name": ""},
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    answer = await cluster.create(review)
    return bool((answer.get("status") or {}).get("allowed"))


async def require(
    cluster: Cluster, features: Sequence[Feature], namespace: str, more: Sequence[Permission] = ()
) -> list[Permission]:
    """Refuse to begin what could not be carried through.

    Args:
        cluster: to be asked.
        features: that the run wants.
        namespace: the run's; empty where one is made.
        more: rows that are not of the table.

    Returns:
        Those that were asked for.

    Raises:
        PreflightError: names each verb and resource that is missing.
    """
    wanted = [*needed(features, cluster.version), *more]
    missing = await denied(cluster, wanted, namespace)
    if not missing:
        return wanted
    where = namespace or "every namespace"
    listed = ", ".join(permission.describe(where) for permission in missing)
    opt_ins = "".join(f" --with {f}" for f in dict.fromkeys(p.feature for p in missing) if f in OPT_IN)
    experiments = [p.why.rpartition(" ")[2] for p in missing if p.feature is Feature.EXPERIMENT]
    opt_ins += "".join(f" --experiment {name}" for name in dict.fromkeys(experiments))
    instead = "" if namespace else "; or name a namespace that is yours with --namespace"
    if all(permission.feature is Feature.MIRROR for permission in missing):
        instead += "; or keep the journal on this machine alone: --local-journal-only"
    raise PreflightError(
        f"{cluster.name}: not allowed to {listed}",
        hint=f"whoever may grant it: chaos manifests rbac -n {namespace or 'NAMESPACE'}{opt_ins} | kubectl apply -f -"
        + instead,
    )


# Features whose permissions reach beyond one's own namespace.
OPT_IN = (Feature.READ_DNS, Feature.DISTURB_DNS, Feature.MAKE_NAMESPACE, Feature.NODE_CONDITIONS)
