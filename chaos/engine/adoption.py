"""A workload of the user's own as the target of an experiment: what it is, and whether it can be measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaos.cluster.client import Cluster
from chaos.cluster.selector import labels_text
from chaos.engine.target import WatchedTarget, is_dual_stack, is_ready
from chaos.errors import PreflightError, UsageError
from chaos.experiment import Experiment, Options, Workload
from chaos.experiment.definition import question_key
from chaos.model.object import Object
from chaos.options.identify import Identify

_DNS_ONLY = ("dns",)
_CLIENTS = ("dns", "tcp", "http", "address", "stream")
# A bare connect is an aborted connection to a database, which may block a host for it (facts.md, section 4).
_LIBRARY_CLIENTS = ("dns", "http", "address", "stream")
# Checkers and questions about what an experiment brings itself.
_OWN_WORKLOAD_ONLY = ("deployment-contrast", "unlike-deployment")
_NOBODY_INTERFERED = "target-left-alone"
_SAYS_ITS_NAME = "says-its-name"


@dataclass(frozen=True, slots=True)
class Adopted:
    """The experiment as it is run on that workload.

    Attributes:
        notes: what the user should know before it begins.
    """

    experiment: Experiment
    target: WatchedTarget
    notes: tuple[str, ...]


async def adopt(cluster: Cluster, experiment: Experiment, options: Options) -> Adopted:
    """Find the workload that `--target` names and fit the experiment to it; nothing is changed.

    Raises:
        UsageError: the experiment has a workload of its own only.
        PreflightError: it does not exist, has no name to be measured, or is not in a state to be tested.
    """
    if not experiment.any_target:
        raise UsageError(
            f"{experiment.name} brings its own workload and cannot be run on another",
            hint="identity-persistence can: chaos run identity-persistence --target statefulset/NAME -n NAMESPACE",
        )
    name, namespace = options.target_name, options.namespace
    found = await cluster.get("StatefulSet", name, namespace)
    if found is None:
        others, _ = await cluster.list("StatefulSet", namespace)
        names = ", ".join(sorted(o["metadata"]["name"] for o in others))
        raise PreflightError(
            f"namespace {namespace} has no StatefulSet {name}", hint=f"it has: {names or 'none'}; -n names another"
        )
    _check_state(found)
    service = await _governing_service(cluster, found)
    pods, _ = await cluster.list("Pod", namespace, _selector(found))
    target = _target(found, service, options, pods)
    identify = Identify.parse(options.identify)
    fitted = replace(
        experiment,
        workload=Workload(manifests=(), statefulset=name, service=target.service, port=target.port),
        probes=_probes(identify),
        questions=tuple(q for q in experiment.questions if question_key(q) not in _OWN_WORKLOAD_ONLY),
        checkers=(
            *(c for c in experiment.checkers if c not in _OWN_WORKLOAD_ONLY),
            _NOBODY_INTERFERED,
            *([_SAYS_ITS_NAME] if identify.command else []),
        ),
        needs=(*experiment.needs, *(["reach"] if identify.by_library else [])),
        uses=(*experiment.uses, *(["get pods/exec"] if identify.command else [])),
    )
    return Adopted(fitted, target, tuple(_notes(found, service, identify)))


def _probes(identify: Identify) -> tuple[str, ...]:
    if identify.by_library:
        return _LIBRARY_CLIENTS
    return _CLIENTS if identify.asks_clients else _DNS_ONLY


def _check_state(found: Object) -> None:
    """Refuse to add a fault to what is already in motion.

    Raises:
        PreflightError: says what it is doing.
    """
    meta, spec, status = found["metadata"], found["spec"], found.get("status") or {}
    what = f"StatefulSet {meta['name']} in namespace {meta['namespace']}"
    replicas = spec.get("replicas", 1)
    if meta.get("deletionTimestamp"):
        raise PreflightError(f"{what} is being deleted", hint="there is nothing to measure any more")
    if replicas == 0:
        raise PreflightError(f"{what} has no replicas", hint="scale it up first")
    if not spec.get("serviceName"):
        raise PreflightError(
            f"{what} has no serviceName, so its pods have no DNS names of their own",
            hint="chaos diagnose says what to do about it",
        )
    rolling = status.get("observedGeneration", 0) < meta.get("generation", 0) or (
        status.get("updateRevision") != status.get("currentRevision")
        and (spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
    )
    if rolling:
        raise PreflightError(
            f"{what} is in the middle of a rollout ({status.get('updatedReplicas', 0)} of {replicas} pods updated)",
            hint=f"wait for it: kubectl -n {meta['namespace']} rollout status statefulset/{meta['name']}",
        )
    ready = status.get("readyReplicas", 0)
    if ready != replicas or status.get("replicas", 0) != replicas:
        raise PreflightError(
            f"{what} is not steady: {ready} of {replicas} pods are Ready",
            hint=f"kubectl -n {meta['namespace']} get pods -l '{_selector(found)}'; or: chaos diagnose",
        )


async def _governing_service(cluster: Cluster, found: Object) -> Object:
    """The service that gives its pods their names.

    Raises:
        PreflightError: there is none, or it is not headless, or it selects other pods.
    """
    meta = found["metadata"]
    name, namespace = found["spec"]["serviceName"], meta["namespace"]
    what = f"StatefulSet {meta['name']} names the service {name}"
    diagnose = f"chaos diagnose -n {namespace} statefulset/{meta['name']} says how to mend it"
    service = await cluster.get("Service", name, namespace)
    if service is None:
        raise PreflightError(f"{what}, which does not exist, so its pods have no DNS names", hint=diagnose)
    if service["spec"].get("clusterIP") != "None":
        raise PreflightError(
            f"{what}, which is not headless: its name is one address, not those of the pods, and names of pods below "
            "it are nothing that the specification promises",
            hint=f"this version measures headless ones; {diagnose}",
        )
    if service["spec"].get("ipFamilies") == ["IPv6"]:
        raise PreflightError(
            f"{what}, which has the family IPv6 only, so its pods have AAAA records and no A records",
            hint="this version measures services whose families include IPv4",
        )
    selector = service["spec"].get("selector") or {}
    labels = found["spec"]["template"]["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in selector.items()) or not selector:
        raise PreflightError(f"{what}, whose selector {selector or '(none)'} does not match its pods", hint=diagnose)
    return service


def _selector(found: Object) -> str:
    return labels_text((found["spec"].get("selector") or {}).get("matchLabels") or {})


def _target(found: Object, service: Object, options: Options, pods: list[Object]) -> WatchedTarget:
    meta, spec = found["metadata"], found["spec"]
    first = (spec.get("ordinals") or {}).get("start", 0)
    names = tuple(f"{meta['name']}-{first + i}" for i in range(spec.get("replicas", 1)))
    by_name = {pod["metadata"]["name"]: pod for pod in pods}
    for name in names:
        pod = by_name.get(name)
        if pod is None or not is_ready(pod):
            raise PreflightError(f"pod {name} of StatefulSet {meta['name']} is not Ready", hint="wait for it")
        subdomain = pod["spec"].get("subdomain", "")
        if subdomain != spec["serviceName"]:
            raise PreflightError(
                f"pod {name} has the subdomain {subdomain or '(none)'} and its StatefulSet names the service "
                f"{spec['serviceName']}: a changed serviceName that waits for the pod's next restart",
                hint=f"chaos diagnose -n {meta['namespace']} statefulset/{meta['name']}",
            )
    _check_staged(found, [by_name[name] for name in names])
    labels = spec["template"]["metadata"].get("labels") or {}
    port = options.port or _port(service, spec)
    dual = is_dual_stack(service)
    return WatchedTarget(meta["namespace"], meta["name"], spec["serviceName"], port, names, labels, dual_stack=dual)


def _check_staged(found: Object, pods: list[Object]) -> None:
    """With OnDelete a deletion rolls the pod's new template out, which nothing could undo.

    Raises:
        PreflightError: a pod has another template than the one that its successor would have.
    """
    meta, newest = found["metadata"], (found.get("status") or {}).get("updateRevision")
    for pod in pods:
        if (pod["metadata"].get("labels") or {}).get("controller-revision-hash") != newest:
            raise PreflightError(
                f"StatefulSet {meta['name']} has a template that pod {pod['metadata']['name']} does not have yet: "
                "deleting the pod would roll it out",
                hint="roll it out first, or take the change back",
            )


def _port(service: Object, spec: Object) -> int:
    """The service's first TCP port as the container has it; 0 where there is none."""
    for port in service["spec"].get("ports") or ():
        if port.get("protocol", "TCP") != "TCP":
            continue
        wanted = port.get("targetPort", port["port"])
        if isinstance(wanted, int):
            return wanted
        for container in spec["template"]["spec"].get("containers") or ():
            for one in container.get("ports") or ():
                if one.get("name") == wanted:
                    return int(one["containerPort"])
        return int(port["port"])
    return 0


def _notes(found: Object, service: Object, identify: Identify) -> list[str]:
    meta, spec = found["metadata"], found["spec"]
    notes = []
    owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
    if owner is not None:
        notes.append(
            f"StatefulSet {meta['name']} is managed by {owner['kind']} {owner['name']}: its operator may interfere; "
            "where it changes the StatefulSet during the run, nothing is concluded"
        )
    if spec.get("replicas", 1) == 1:
        notes.append("it has a single replica: while that is away, the service's own name is gone as well")
    if (service["spec"] or {}).get("publishNotReadyAddresses"):
        notes.append("its service publishes addresses that are not ready: names stay until the old pod is terminal")
    if is_dual_stack(service):
        notes.append(
            "its service has an IPv6 family too: its AAAA records are asked beside its A records; connections are "
            "tried over IPv4, and reverse names of IPv4 addresses are asked"
        )
    if not identify.asks_clients:
        notes.append(
            f"no client connects to it (--identify {identify.kind}): DNS and pods are measured; who answers and what "
            "clients see is not"
        )
    return notes
