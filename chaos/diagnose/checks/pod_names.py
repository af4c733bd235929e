"""Are single pods addressed by names that exist?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Severity
from chaos.diagnose.names import PodName, pod_names
from chaos.diagnose.snapshot import Snapshot, WorkloadItem, is_headless, selector_of

_KEY = "pod-name"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    for name in pod_names(snapshot):
        target = _target(snapshot, name)
        if target is None:
            yield from _unknown(snapshot, name)
        elif name.is_variable:
            yield NotChecked(_KEY, f"{name.written} in {name.at.describe()}: its parts are known only when it runs")
        elif _may_be_a_file(snapshot, name, target):
            why = f"there is no Service {name.service} {snapshot.where}, so it may be no name of a pod"
            yield NotChecked(_KEY, f"{name.written} in {name.at.describe()}: {why}")
        else:
            yield from _of_set(snapshot, name, target)


def _target(snapshot: Snapshot, name: PodName) -> WorkloadItem | None:
    """The StatefulSet whose pod a name is meant to be."""
    if not name.base:
        owner = name.owner
        return owner if owner is not None and owner.kind == "StatefulSet" else None
    wanted = name.namespace if name.full and "$" not in name.namespace else name.home
    found = [workload for workload in snapshot.sets if workload.name == name.base]
    return next((w for w in found if w.namespace == wanted), found[0] if found and name.full else None)


def _may_be_a_file(snapshot: Snapshot, name: PodName, target: WorkloadItem) -> bool:
    """Whether nothing but its form says that it is a name: ``web-0.log`` has the same."""
    known = name.service == target.service_name or snapshot.get("Service", name.service, target.namespace) is not None
    return not known and not name.full and name.namespace != name.home


def _of_set(snapshot: Snapshot, name: PodName, target: WorkloadItem) -> Iterator[Diagnostic]:
    governing = target.service_name
    namespace = name.namespace if name.full else name.home
    if name.service != governing:
        first = name.ordinal if name.ordinal.isdigit() else str(target.first_ordinal)
        evidence = [
            name.written,
            f"serviceName of StatefulSet {target.name}, and so the subdomain of its pods, is {governing or '(empty)'}",
        ]
        service = snapshot.get("Service", name.service, target.namespace)
        if service is None:
            evidence.append(f"there is no Service {name.service} {snapshot.where}")
        elif target.selected_by(selector_of(service)):
            headless = "a headless Service" if is_headless(service) else "a Service"
            evidence.append(f"{name.service} is {headless} that selects the same pods; it gives none of them a name")
        evidence += snapshot.dns_says([f"{target.name}-{first}.{name.service}.{namespace}.svc"])
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            name.at,
            f"it asks for a pod of StatefulSet {target.name} under {name.service}, which is not its governing service: "
            "NXDOMAIN",
            tuple(evidence),
            f"write {_corrected(name, target)}" if governing else "give the StatefulSet a serviceName",
            (target.name,),
        )
    elif namespace != target.namespace:
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            name.at,
            f"it asks for a pod of StatefulSet {target.name} in namespace {namespace}, and that is in namespace "
            f"{target.namespace}: NXDOMAIN",
            (name.written, f"StatefulSet {target.name} is in namespace {target.namespace}"),
            f"write {_corrected(name, target)}",
            (target.name,),
        )
    elif name.ordinal.isdigit() and int(name.ordinal) not in target.ordinals:
        known = f"{target.ordinals.start} to {target.ordinals.stop - 1}" if target.replicas else "none"
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            name.at,
            f"it asks for pod {name.ordinal} of StatefulSet {target.name}, which has no such replica: NXDOMAIN",
            (name.written, f"replicas: {target.replicas}, ordinals: {known}"),
            "correct the number, or scale the StatefulSet",
            (target.name,),
        )


def _corrected(name: PodName, target: WorkloadItem) -> str:
    pod = name.written.removesuffix(".svc")
    head = pod[: pod.rindex(f".{name.service}")]
    short = f"{head}.{target.service_name}"
    return f"{short}.{target.namespace}.svc" if name.full else short


def _unknown(snapshot: Snapshot, name: PodName) -> Iterator[Diagnostic | NotChecked]:
    if not name.base or not name.full:
        return  # a word with dots, or a pod of something that has no stable names: another check's
    namespace = name.namespace
    if any(w.kind == "Deployment" and w.name == name.base for w in snapshot.workloads):
        return  # checks/deployment_names.py
    where = f"{name.written} in {name.at.describe()}"
    if not snapshot.live:
        yield NotChecked(_KEY, f"{where}: there is no StatefulSet {name.base} {snapshot.where}")
    elif namespace != name.home:
        yield NotChecked(_KEY, f"{where}: namespace {namespace} was not looked at")
    else:
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            name.at,
            f"it asks for a pod of StatefulSet {name.base}, and there is none: NXDOMAIN",
            (name.written, f"there is no StatefulSet {name.base} {snapshot.where}"),
            "correct the name, or create the StatefulSet",
        )


CHECK = Check(
    _KEY,
    "names of single pods (`web-0.web`, `mysql-$i.mysql-internal.default.svc…`, `$(POD_NAME).…`) in commands, "
    "env, hooks, "
    "probes and ConfigMap scripts, under a service that is not the governing one, in another namespace, or beyond the "
    "replicas",
    "several headless services may select the same pods, but only the one in `serviceName` gives them names",
    (Severity.ERROR, Severity.WARNING),
    _look,
    kinds=("StatefulSet", "Service"),
    also=("ConfigMap", "Job"),
)
