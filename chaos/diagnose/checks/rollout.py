"""Does a rollout wait for a pod that it will never replace?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, is_ready
from chaos.diagnose.values import mapping, mappings, number, text

_KEY = "blocked-rollout"
_REVISION = "controller-revision-hash"
# Reasons that go away by no waiting; ContainerCreating and PodInitializing do.
_STUCK = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CrashLoopBackOff",
    "RunContainerError",
    "CreateContainerConfigError",
    "CreateContainerError",
)


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        wanted = text(workload.status.get("updateRevision"))
        strategy = mapping(workload.spec, "updateStrategy")
        if not wanted or strategy.get("type") == "OnDelete" or workload.spec.get("podManagementPolicy") == "Parallel":
            continue  # Parallel replaces also what is not Ready; with OnDelete nobody replaces anything
        partition = number(mapping(strategy, "rollingUpdate").get("partition"), 0)
        broken = [p for p in snapshot.pods_of(workload) if not is_ready(p) and _ordinal(p) >= partition]
        for pod in broken:
            if "deletionTimestamp" not in mapping(pod.object, "metadata"):
                yield from _of_pod(snapshot, workload, pod, wanted)


def _ordinal(pod: Item) -> int:
    last = pod.name.rpartition("-")[2]
    return int(last) if last.isdigit() else 0


def _of_pod(snapshot: Snapshot, workload: WorkloadItem, pod: Item, wanted: str) -> Iterator[Diagnostic]:
    own = pod.labels.get(_REVISION, "")
    reasons = [
        f"{text(s.get('name'))}: {text(mapping(s, 'state', 'waiting').get('reason'))}"
        for s in mappings(pod.status.get("initContainerStatuses")) + mappings(pod.status.get("containerStatuses"))
        if text(mapping(s, "state", "waiting").get("reason")) in _STUCK
    ]
    older = [p.name for p in snapshot.pods_of(workload) if p.labels.get(_REVISION) not in (None, "", wanted)]
    if own == wanted and (not reasons or not older):
        return
    if own != wanted:
        what = (
            f"it is not Ready and of an older revision, and the rollout waits for it: with OrderedReady the controller "
            f"of {workload.name} does not replace a pod that is not Ready, also where the template is right again"
        )
        # Without a reason that stays it may be about to start, and is replaced then.
        fix = f"kubectl delete pod {pod.name} -n {pod.namespace}" + (
            "" if reasons else ", where it does not become Ready"
        )
    else:
        what = (
            f"it is of the new revision of {workload.name} and does not start: the rollout waits for it, and a "
            "corrected template alone does not replace it"
        )
        fix = f"correct the template (or kubectl rollout undo), then kubectl delete pod {pod.name} -n {pod.namespace}"
    yield Diagnostic(
        _KEY,
        Severity.ERROR if own != wanted and reasons else Severity.WARNING,
        pod.reference(),
        what,
        (
            f"{_REVISION} of {pod.name}: {own or 'none'}",
            f"updateRevision of {workload.name}: {wanted}",
            *reasons,
            *((f"still of an older revision: {', '.join(older)}",) if own == wanted else ()),
        ),
        fix,
        (workload.name,),
    )


CHECK = Check(
    _KEY,
    "a pod that is not Ready and of an older revision under OrderedReady; a pod of the new one that does not start",
    "the controller waits for it to become Ready before it goes on, and never replaces it "
    "(kubernetes/kubernetes#67250): only deleting it helps",
    (Severity.ERROR, Severity.WARNING),
    _look,
    needs=Needs.CLUSTER,
    kinds=("StatefulSet", "Pod"),
)
