"""Whose an object is. A label can be copied, with the manifest that it stands in; UIDs in a run's journal cannot."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chaos.cluster.client import Cluster, Object
from chaos.cluster.entry import RUN_LABEL, UndoEntry
from chaos.cluster.mirror import MIRROR_LABEL
from chaos.errors import ApiError

# As the API server calls who wrote an object: the beginning of the client's User-Agent.
TOOL = "chaos-identity"
# What somebody may have put into a namespace to have it run there, or kept.
_KINDS = (
    *("StatefulSet", "Deployment", "ReplicaSet", "DaemonSet", "CronJob", "Job"),
    *("Service", "Ingress", "PersistentVolumeClaim", "Pod"),
)
# Policies come by themselves in many clusters, and so do ConfigMaps with certificates: these count where a person's
# client wrote them. Secrets count nowhere, since nobody should have to let this tool list them.
_BY_HAND = ("ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "ResourceQuota", "LimitRange")
# As the API server calls the clients of people, and of what applies their files.
_CLIENTS = (
    *("kubectl", "helm", "Helm", "argocd", "kustomize", "flux", "Terraform", "HashiCorp", "pulumi", "k9s"),
    *("node-fetch", "Mozilla", "dashboard", "OpenAPI-Generator", "python-", "curl"),  # Lens, browsers, Ansible, scripts
)
# Made for what a run makes, with its labels.
_BY_CONTROLLERS = ("Pod", "PersistentVolumeClaim", "ReplicaSet", "ControllerRevision")
# Of these, what stays of a workload that is deleted without what it owns; pods and claims do too.
_LEFT_BEHIND = {"StatefulSet": ("ControllerRevision",), "Deployment": ("ReplicaSet",)}
_CANNOT_LOOK = (403, 404)  # it may not be listed, or this server has no such kind


class Belongings:
    """What a run made, by its journal.

    Args:
        run: the run's label.
        entries: of its journal; None: it is not known, then the label counts, unless another client wrote the object.
    """

    def __init__(self, run: str, entries: Iterable[UndoEntry] | None) -> None:
        made = [e for e in entries or () if e.undo == "delete" or e.change.startswith("create ")]
        self._run = run
        self._is_known = entries is not None
        self._uids = {e.uid for e in made if e.uid}
        self._asked_for = {(e.kind, e.namespace, e.name) for e in made if not e.uid}
        self._parents = {(e.namespace, e.name) for e in made if e.kind in ("StatefulSet", "Deployment", "ReplicaSet")}

    def has(self, obj: Object) -> bool:
        """Whether it is of the run: it says so, and the journal does not deny it.

        What no answer came for is known by its name alone; so is what a controller of the run made, and does not own
        or owns no more: volume claims, and pods that were orphaned.
        """
        meta, kind = obj["metadata"], obj["kind"]
        labels = meta.get("labels") or {}
        if kind == "ConfigMap" and labels.get(MIRROR_LABEL) == self._run:
            return True
        if labels.get(RUN_LABEL) != self._run:
            return False
        if not self._is_known:
            return _may_be_the_tools(obj) or (kind in _BY_CONTROLLERS and not is_written_by_hand(obj))
        place = str(meta.get("namespace", ""))
        if meta["uid"] in self._uids or (kind, place, meta["name"]) in self._asked_for:
            return True
        return (
            kind in _BY_CONTROLLERS
            and not is_written_by_hand(obj)
            and any(
                place == namespace and _named_after(kind, str(meta["name"]), parent)
                for namespace, parent in self._parents
            )
        )


async def foreign_in(cluster: Cluster, namespace: str, mine: Belongings) -> tuple[str, ...]:
    """What others have put into a namespace of a run, in words; what may not be looked at is not known."""
    found: list[Object] = []
    for kind in (*_KINDS, *_BY_HAND):
        try:
            rows, _ = await cluster.list(kind, namespace)
        except ApiError as exc:
            if exc.status not in _CANNOT_LOOK:
                raise
        else:
            found += [row for row in rows if kind in _KINDS or is_written_by_hand(row) or _is_mirror(row)]
    uids = {obj["metadata"]["uid"] for obj in found}
    return tuple(
        f"{obj['kind']} {obj['metadata']['name']}"
        for obj in found
        if not mine.has(obj) and not _goes_with(obj, uids) and not obj["metadata"].get("deletionTimestamp")
    )


async def claims_of(cluster: Cluster, statefulset: str, namespace: str, run: str) -> list[Object]:
    """Volume claims that a run's StatefulSet made, which outlive it; to be asked for when that is gone.

    They carry the label, as its template says, and its name. What makes claims of these names now is somebody else's: a
    copy of the manifest, or one that took the name, and the claims, over.
    """
    claims, _ = await cluster.list("PersistentVolumeClaim", namespace, f"{RUN_LABEL}={run}")
    named = [c for c in claims if _named_after("PersistentVolumeClaim", str(c["metadata"]["name"]), statefulset)]
    if not named:
        return []
    others, _ = await cluster.list("StatefulSet", namespace)
    theirs = {claim["metadata"]["uid"] for claim in claims_made_by(others, named)}
    return [claim for claim in named if not is_written_by_hand(claim) and claim["metadata"]["uid"] not in theirs]


async def left_behind(cluster: Cluster, kind: str, name: str, namespace: str, run: str) -> list[Object]:
    """What stays of a run's workload that was deleted without what it owned, but for its pods and claims.

    Where they may not be listed they stay, and do nothing.
    """
    found: list[Object] = []
    for of in _LEFT_BEHIND.get(kind, ()):
        try:
            found += (await cluster.list(of, namespace, f"{RUN_LABEL}={run}"))[0]
        except ApiError as exc:
            if exc.status not in _CANNOT_LOOK:
                raise
    return [obj for obj in found if is_orphan_of(obj, name)]


def is_orphan_of(obj: Object, parent: str) -> bool:
    """Whether what carries a run's label was made for a workload of that run, which does not own it any more."""
    meta = obj["metadata"]
    orphaned = not meta.get("ownerReferences") and not is_written_by_hand(obj)
    return orphaned and _named_after(obj["kind"], str(meta["name"]), parent)


def _may_be_the_tools(obj: Object) -> bool:
    """Whether this tool may have created it; what somebody copied was written by kubectl, or another client."""
    managers = {str(row.get("manager", "")) for row in obj["metadata"].get("managedFields") or ()}
    return not managers or TOOL in managers


def claims_made_by(statefulsets: Iterable[Object], claims: Iterable[Object]) -> list[Object]:
    """Those claims that stand where one of these makes one, and have its name."""
    made = {(_place(one), prefix) for one in statefulsets for prefix in _claim_prefixes(one)}
    found = []
    for claim in claims:
        prefix, _, ordinal = str(claim["metadata"]["name"]).rpartition("-")
        if ordinal.isdecimal() and (_place(claim), prefix) in made:
            found.append(claim)
    return found


def is_written_by_hand(obj: Object) -> bool:
    """Whether a person's client made it, and no controller."""
    managers = [str(row.get("manager", "")) for row in obj["metadata"].get("managedFields") or ()]
    return any(manager.startswith(_CLIENTS) for manager in managers[:1])


def _is_mirror(obj: Object) -> bool:
    """Whether it may say how to undo something elsewhere."""
    return MIRROR_LABEL in (obj["metadata"].get("labels") or {})


def _place(obj: Object) -> str:
    return str(obj["metadata"].get("namespace", ""))


def _claim_prefixes(statefulset: Object) -> list[str]:
    templates = (statefulset.get("spec") or {}).get("volumeClaimTemplates") or ()
    return [f"{one['metadata']['name']}-{statefulset['metadata']['name']}" for one in templates]


def _named_after(kind: str, name: str, parent: str) -> bool:
    """Whether an object has the name that a controller gives to what it makes for a parent."""
    if kind == "PersistentVolumeClaim":
        return re.fullmatch(rf".+-{re.escape(parent)}-\d+", name) is not None
    return re.fullmatch(rf"{re.escape(parent)}-[a-z0-9]+(-[a-z0-9]{{5}})?", name) is not None


def _goes_with(obj: Object, uids: set[str]) -> bool:
    """Whether its owner is there, and is looked at instead."""
    return any(owner["uid"] in uids for owner in obj["metadata"].get("ownerReferences") or ())
