"""Are volume claims bound, and does every one still belong to a pod?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import labels_of, mapping, mappings, text

_KEY = "volume-claims"
_OF_A_SET = re.compile(r"(.+)-(\d+)")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        templates = mappings(workload.spec.get("volumeClaimTemplates"))
        kept = mapping(workload.spec, "persistentVolumeClaimRetentionPolicy").get("whenDeleted") != "Delete"
        if templates and kept and not snapshot.live:
            yield Diagnostic(
                _KEY,
                Severity.NOTE,
                workload.reference("spec", "volumeClaimTemplates"),
                "its claims stay when it is deleted or scaled down",
                (f"{len(templates)} volumeClaimTemplates, no persistentVolumeClaimRetentionPolicy that deletes",),
                f"when the data may go: kubectl delete pvc {_names(workload, templates)}",
                (workload.name,),
            )
    for claim in snapshot.of("PersistentVolumeClaim") if snapshot.live else ():
        yield from _of_claim(snapshot, claim)


def _names(workload: WorkloadItem, templates: list[dict[str, object]]) -> str:
    first = text(mapping(templates[0], "metadata").get("name"))
    return f"{first}-{workload.name}-{{{workload.ordinals.start}..{max(workload.ordinals.stop - 1, 0)}}}"


def _of_claim(snapshot: Snapshot, claim: Item) -> Iterator[Diagnostic]:
    owner = _owner(snapshot, claim)
    concerns = (owner[0].name,) if owner else ()
    phase = text(claim.status.get("phase"))
    used = [p.name for p in snapshot.of("Pod", claim.namespace) if claim.name in _claims_of(p)]
    if phase in ("Pending", "Lost"):
        storage_class = text(claim.spec.get("storageClassName")) or "(default)"
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            claim.reference(),
            f"it is {phase}" + (f", so pod {used[0]} cannot start" if used else ""),
            (f"status.phase: {phase}", f"storageClassName: {storage_class}"),
            f"kubectl describe pvc {claim.name} -n {claim.namespace} says why",
            concerns,
        )
    if used:
        return
    if owner is not None and owner[1] not in owner[0].ordinals:
        workload, ordinal = owner
        yield Diagnostic(
            _KEY,
            Severity.NOTE,
            claim.reference(),
            f"it was left behind by pod {workload.name}-{ordinal}, and is used again if the StatefulSet grows",
            (f"replicas of StatefulSet {workload.name}: {workload.replicas}", "no pod uses it"),
            f"when the data may go: kubectl delete pvc {claim.name} -n {claim.namespace}",
            concerns,
        )
    elif owner is None and _OF_A_SET.fullmatch(claim.name) and not snapshot.unread.get("Pod"):
        yield Diagnostic(
            _KEY,
            Severity.NOTE,
            claim.reference(),
            "it looks left behind: no pod uses it, and no StatefulSet here has a template for it",
            (f"labels: {', '.join(f'{k}={v}' for k, v in sorted(claim.labels.items())) or 'none'}",),
            f"when the data may go: kubectl delete pvc {claim.name} -n {claim.namespace}",
        )


def _owner(snapshot: Snapshot, claim: Item) -> tuple[WorkloadItem, int] | None:
    """The StatefulSet and the ordinal that a claim's name stands for."""
    match = _OF_A_SET.fullmatch(claim.name)
    if match is None:
        return None
    for workload in snapshot.sets:
        for template in mappings(workload.spec.get("volumeClaimTemplates")):
            name = text(mapping(template, "metadata").get("name"))
            if workload.namespace == claim.namespace and match[1] == f"{name}-{workload.name}":
                return workload, int(match[2])
    return None


def _claims_of(pod: Item) -> set[str]:
    volumes = mappings(pod.spec.get("volumes"))
    return {labels_of(volume.get("persistentVolumeClaim")).get("claimName", "") for volume in volumes}


CHECK = Check(
    _KEY,
    "claims that are Pending or Lost; claims that a StatefulSet left behind, or will leave",
    "a pod with a claim that never binds is never scheduled, and its ordinal's successors are not even made",
    (Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet", "PersistentVolumeClaim", "Pod"),
)
