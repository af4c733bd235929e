"""Does a service for replicas reach the primary too?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, is_headless, selector_of
from chaos.diagnose.values import shown

_KEY = "replicas-reach-primary"
_POD_NAME = "statefulset.kubernetes.io/pod-name"
_WORDS = ("replica", "secondar", "standby", "slave", "follower", "readonly", "read-only", "-ro")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for primary in snapshot.of("Service"):
        pinned = selector_of(primary).get(_POD_NAME)
        if not pinned:
            continue
        for service in snapshot.of("Service", primary.namespace):
            if _is_for_replicas(service) and _also_selects(snapshot, service, primary):
                yield _finding(snapshot, service, primary, pinned)


def _is_for_replicas(service: Item) -> bool:
    said = [service.name, *service.labels.values()]
    return not is_headless(service) and any(word in text.lower() for text in said for word in _WORDS)


def _also_selects(snapshot: Snapshot, service: Item, primary: Item) -> bool:
    wide, narrow = selector_of(service), selector_of(primary)
    if not wide or service is primary:
        return False
    for workload in snapshot.sets:
        for ordinal in workload.ordinals:
            labels = workload.labels_of_pod(ordinal)
            if narrow.items() <= labels.items():
                return wide.items() <= labels.items()
    return wide.items() <= narrow.items()


def _finding(snapshot: Snapshot, service: Item, primary: Item, pinned: str) -> Diagnostic:
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        service.reference("spec", "selector"),
        f"it is meant for replicas and reaches the primary {pinned} too: reads go there as well, and nothing "
        "keeps writes "
        "from the replicas",
        (
            f"selector {shown(selector_of(service))}",
            f"Service {primary.name} selects {pinned}, which has these labels as well",
        ),
        "give replicas a label of their own that follows their role (role: replica) and select it; the "
        "primary's service "
        "likewise, or it names a pod that may not be primary any more",
        snapshot.sets_behind(service),
    )


CHECK = Check(
    _KEY,
    "a Service named or labelled for replicas, beside one that selects a single pod by "
    "`statefulset.kubernetes.io/pod-name`, whose selector matches that pod too",
    "reads reach the primary, and a client that writes through it changes a replica",
    (Severity.WARNING,),
    _look,
    kinds=("Service", "StatefulSet"),
)
