"""Are names short enough for what is made of them?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Snapshot, WorkloadItem
from chaos.diagnose.values import text

_KEY = "name-too-long"
# Of a label's value and of a label in DNS: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
_LABEL = 63
# controller-revision-hash is NAME-HASH, and a hash has up to ten digits (kubernetes/kubernetes#64023).
_HASH = 10
# Nine hashes in ten have nine or ten digits, and each change of the template draws another one.
_CERTAIN_HASH = 8
_LONGEST = _LABEL - 1 - _HASH
# Of a hostname in Linux; setHostnameAsFQDN makes one of the whole name (kubelet: "pod FQDN is too long").
_FQDN = 64


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        if len(workload.name) > _LONGEST:
            yield _of_set(snapshot, workload)
    for workload in snapshot.workloads:
        if workload.pod_spec.get("setHostnameAsFQDN") is True:
            yield from _of_fqdn(snapshot, workload)


def _of_set(snapshot: Snapshot, workload: WorkloadItem) -> Diagnostic:
    name, last = workload.name, max(workload.ordinals.stop - 1, workload.first_ordinal)
    pod = f"{name}-{last}"
    certain = len(name) > _LABEL - 1 - _CERTAIN_HASH
    works = bool(snapshot.pods_of(workload))
    evidence = [
        f"the name has {len(name)} characters",
        f"label controller-revision-hash is {name}-HASH: a hash has up to {_HASH} digits, a value {_LABEL} signs",
    ]
    if len(pod) > _LABEL:
        evidence.append(
            f"pod {pod} has {len(pod)} characters: its hostname and the label statefulset.kubernetes.io/pod-name have "
            f"at most {_LABEL}"
        )
    what = "it is taken, and none of its pods can be made" if certain else "it is taken, and most of its revisions fail"
    if works:
        what = "it has pods, and after a change of the template most likely none can be made"
    return Diagnostic(
        _KEY,
        Severity.WARNING if works else Severity.ERROR,
        workload.reference("metadata", "name"),
        f"{what} (event FailedCreate): its name is too long for the label controller-revision-hash"
        + (" and for its pods' hostname" if len(pod) > _LABEL else ""),
        tuple(evidence),
        f"recreate it with a name of at most {_LONGEST} characters, such as {name[:_LONGEST].rstrip('-.')}",
        (name,),
    )


def _of_fqdn(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[Diagnostic]:
    stateful = workload.kind == "StatefulSet"
    if stateful:
        hostname = f"{workload.name}-{max(workload.ordinals.stop - 1, workload.first_ordinal)}"
    else:
        hostname = text(workload.pod_spec.get("hostname")) or workload.name
    subdomain = workload.service_name if stateful else text(workload.pod_spec.get("subdomain"))
    full = f"{hostname}.{subdomain}.{workload.namespace}.svc.{snapshot.domain}"
    if subdomain and len(full) > _FQDN:
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            workload.reference(*workload.template_path, "spec", "setHostnameAsFQDN"),
            f"setHostnameAsFQDN makes {full} its pod's hostname, which is longer than {_FQDN} characters: the pod "
            "stays in ContainerCreating",
            (f"{len(full)} characters",),
            "remove setHostnameAsFQDN, or shorten the names",
            (workload.name,) if stateful else (),
        )


CHECK = Check(
    _KEY,
    f"a StatefulSet's name of more than {_LONGEST} characters; `setHostnameAsFQDN` with a name of more than {_FQDN}",
    "the API server takes it, and then its controller cannot make a pod: the label controller-revision-hash, the label "
    f"with the pod's name and a hostname have at most {_LABEL} characters",
    (Severity.ERROR, Severity.WARNING),
    _look,
    kinds=("StatefulSet",),
)
