"""Are single pods addressed by names that exist?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.bare_names import bare_names
from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Severity
from chaos.diagnose.hosts import hosts
from chaos.diagnose.names import PodName, namespace_of, pod_names
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, is_headless, selector_of
from chaos.diagnose.values import mapping, number

_KEY = "pod-name"
# Where names of other systems end: kafka-0.lan:9092 is reached from outside.
_NO_SERVICES = frozenset({"example", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "test"})


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
    yield from bare_names(snapshot, _KEY)


def _target(snapshot: Snapshot, name: PodName) -> WorkloadItem | None:
    """The StatefulSet whose pod a name is meant to be."""
    if not name.base:
        owner = name.owner
        return owner if owner is not None and owner.kind == "StatefulSet" else None
    wanted = name.namespace if name.namespace and "$" not in name.namespace else name.home
    found = [workload for workload in snapshot.sets if workload.name == name.base]
    known = [w for w in found if name.full or name.service == w.service_name]
    here = next((w for w in found if w.namespace == name.home), None)
    return next((w for w in found if w.namespace == wanted), here or (known[0] if known else None))


def _may_be_a_file(snapshot: Snapshot, name: PodName, target: WorkloadItem) -> bool:
    """Whether nothing but its form says that it is a name: ``web-0.log`` has the same."""
    known = name.service == target.service_name or snapshot.get("Service", name.service, target.namespace) is not None
    return not known and not name.full and name.namespace != name.home and not _is_host(name)


def _of_set(snapshot: Snapshot, name: PodName, target: WorkloadItem) -> Iterator[Diagnostic | NotChecked]:
    namespace = namespace_of(snapshot, name)
    beyond = [ordinal for ordinal in name.ordinals if ordinal not in _ordinals(snapshot, target)]
    if name.service != target.service_name:
        yield _elsewhere(snapshot, name, target, namespace)
    elif name.full and not name.namespace:
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            name.at,
            f"it asks for a pod of StatefulSet {target.name} and leaves out the namespace before .svc: NXDOMAIN",
            (name.written, f"StatefulSet {target.name} is in namespace {target.namespace}"),
            f"write {_corrected(name, target)}",
            (target.name,),
        )
    elif namespace != target.namespace and snapshot.namespace_assumed and _names_none(target):
        why = f"the manifest of StatefulSet {target.name} names no namespace: -n {namespace} judges it there"
        yield NotChecked(_KEY, f"{name.written} in {name.at.describe()}: {why}")
    elif namespace != target.namespace:
        looked_up = f"; it is looked up in {name.home}" if not name.namespace else ""
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            name.at,
            f"it asks for a pod of StatefulSet {target.name} in namespace {namespace}, and that is in namespace "
            f"{target.namespace}: NXDOMAIN",
            (name.written, f"StatefulSet {target.name} is in namespace {target.namespace}{looked_up}"),
            f"write {_corrected(name, target, whole=True)}",
            (target.name,),
        )
    elif beyond:
        known = f"{target.ordinals.start} to {target.ordinals.stop - 1}" if target.replicas else "none"
        asked = f"pod {beyond[0]}" if len(beyond) == 1 else f"pods {', '.join(map(str, beyond[:4]))}"
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            name.at,
            f"it asks for {asked}{', …' if len(beyond) > 4 else ''} of StatefulSet {target.name}, which has no such "  # noqa: PLR2004 - as above
            f"replica{'' if len(beyond) == 1 else 's'}: NXDOMAIN",
            (name.written, f"replicas: {target.replicas}, ordinals: {known}"),
            "correct the number, or scale the StatefulSet",
            (target.name,),
        )


def _ordinals(snapshot: Snapshot, target: WorkloadItem) -> range:
    """Those that its pods have, or may have by an autoscaler."""
    most = target.replicas
    for scaler in snapshot.of("HorizontalPodAutoscaler", target.namespace):
        scaled = mapping(scaler.spec, "scaleTargetRef")
        if (scaled.get("kind"), scaled.get("name")) == (target.kind, target.name):
            most = max(most, number(scaler.spec.get("maxReplicas"), 0))
    return range(target.first_ordinal, target.first_ordinal + most)


def _names_none(target: Item) -> bool:
    return not mapping(target.object, "metadata").get("namespace")


def _elsewhere(snapshot: Snapshot, name: PodName, target: WorkloadItem, namespace: str) -> Diagnostic:
    """A name under another service than the governing one."""
    governing = target.service_name
    first = name.ordinals[0] if name.ordinals else target.first_ordinal
    evidence = [
        name.written,
        f"serviceName of StatefulSet {target.name}, and so the subdomain of its pods, is {governing or '(empty)'}",
    ]
    if f".{name.service}" not in name.written:
        evidence.insert(1, f"its service is {name.service} when it runs")
    service = snapshot.get("Service", name.service, target.namespace)
    if service is None:
        evidence.append(f"there is no Service {name.service} {snapshot.where}")
    elif target.selected_by(selector_of(service)):
        headless = "a headless Service" if is_headless(service) else "a Service"
        evidence.append(f"{name.service} is {headless} that selects the same pods; it gives none of them a name")
    evidence += snapshot.dns_says([f"{target.name}-{first}.{name.service}.{namespace}.svc"])
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        name.at,
        f"it asks for a pod of StatefulSet {target.name} under {name.service}, which is not its governing service: "
        "NXDOMAIN",
        tuple(evidence),
        f"write {_corrected(name, target)}" if governing else "give the StatefulSet a serviceName",
        (target.name,),
    )


def _corrected(name: PodName, target: WorkloadItem, *, whole: bool = False) -> str:
    short = f"{name.head}.{target.service_name}"
    if name.full or whole or target.namespace != name.home:
        return f"{short}.{target.namespace}.svc"
    return f"{short}.{target.namespace}" if name.namespace else short


def _unknown(snapshot: Snapshot, name: PodName) -> Iterator[Diagnostic | NotChecked]:
    if not name.base or name.is_variable:
        return  # a pod of something that has no stable names: another check's
    namespace = name.namespace if name.full else name.home
    if any(w.kind == "Deployment" and w.name == name.base for w in snapshot.workloads):
        return  # checks/deployment_names.py
    governed = [
        w for w in snapshot.sets if w.service_name == name.service and w.namespace == (name.namespace or name.home)
    ]
    where = f"{name.written} in {name.at.describe()}"
    if governed and not _is_hostname(snapshot, name) and (name.full or _is_host(name)):
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            name.at,
            f"it asks for a pod of a StatefulSet {name.base}, and {name.service} governs {governed[0].name}: NXDOMAIN",
            (name.written, f"pods under {name.service} are called {governed[0].name}-N"),
            f"write {name.written.replace(name.head, f'{governed[0].name}-{name.ordinal}', 1)}",
            tuple(w.name for w in governed),
        )
    elif not name.full:
        yield from _of_service_elsewhere(snapshot, name)
    elif not snapshot.live:
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


def _of_service_elsewhere(snapshot: Snapshot, name: PodName) -> Iterator[Diagnostic]:
    """A short name whose service is in another namespace; without one it may be any word with dots."""
    services = [s for s in (*snapshot.of("Service"), *snapshot.elsewhere) if s.name == name.service]
    there = [s for s in services if is_headless(s)]
    if len(there) == 1 == len(services) and there[0].namespace != name.home and _is_host(name):
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            name.at,
            f"it asks for a pod under Service {name.service} of namespace {there[0].namespace} by a short name, which "
            f"is looked up in {name.home}: NXDOMAIN",
            (name.written, f"there is no Service {name.service} in namespace {name.home}"),
            f"write {name.written}.{there[0].namespace}.svc",
        )


def _is_host(name: PodName) -> bool:
    """Whether it stands where a host does; other words have dots too."""
    return not name.namespace and name.service not in _NO_SERVICES and name.written in hosts(name.passage)


def _is_hostname(snapshot: Snapshot, name: PodName) -> bool:
    """Whether a pod has the name by its own ``hostname``."""
    called = {w.pod_spec.get("hostname") or w.name for w in snapshot.workloads if w.kind != "StatefulSet"}
    return bool(called & ({f"{name.base}-{n}" for n in name.ordinals} | {name.base}))


CHECK = Check(
    _KEY,
    "names of single pods (`web-0.web`, `mysql-$i.mysql-internal.default.svc…`, `$(POD_NAME).…`, `obj-{0...3}.obj`, "
    "`web-0:80`) in commands, env, hooks, probes, init containers, ConfigMaps and Secrets, under a service that is not "
    "the governing one or none, in another namespace, of another StatefulSet, or beyond the replicas",
    "several headless services may select the same pods, but only the one in `serviceName` gives them names",
    (Severity.ERROR, Severity.WARNING),
    _look,
    kinds=("StatefulSet", "Service"),
    also=("ConfigMap", "Job"),
)
