"""A workload of the user's own as the target of an experiment: what it is, and whether it can be measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaos.cluster.client import Cluster
from chaos.cluster.selector import labels_text
from chaos.engine.container_of import container_of
from chaos.engine.rollout import canary_note, check_at_rest, check_not_staged, pods_text
from chaos.engine.serving_port import serving_port
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
_DEFAULT_GRACE_S = 30  # the API server's, where a template names none
_USUAL_WITHIN_S = Options().within_s
_NAMED = 3
_SAYS_ITS_NAME = "says-its-name"


@dataclass(frozen=True, slots=True)
class Adopted:
    """The experiment as it is run on that workload.

    Attributes:
        address: of its first pod.
        options: with what the workload itself says where nobody else did: the container, a limit that its grace
            period leaves room for.
        notes: what the user should know before it begins.
    """

    experiment: Experiment
    target: WatchedTarget
    address: str
    options: Options
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
    listed, _ = await cluster.list("Pod", namespace, pods_text(found))
    check_at_rest(found, listed)
    service = await _governing_service(cluster, found)
    pods = _pods_of(found, listed)
    identify = Identify.parse(options.identify)
    port = serving_port(service, found["spec"]["template"]["spec"], pods[0], identify, options.port)
    if identify.command:
        options = replace(options, container=container_of(pods[0], options.container))
    options, patience = _patient(found, options)
    target = _target(found, service, pods, port.number)
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
    notes = [*_notes(found, service, identify), port.note, patience, canary_note(found)]
    notes.append(await _shared(cluster, service, target))
    return Adopted(fitted, target, pods[0]["status"]["podIP"], options, tuple(filter(None, notes)))


def _probes(identify: Identify) -> tuple[str, ...]:
    if identify.by_library:
        return _LIBRARY_CLIENTS
    return _CLIENTS if identify.asks_clients else _DNS_ONLY


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


def _pods_of(found: Object, pods: list[Object]) -> list[Object]:
    """Its pods, by ordinal.

    Raises:
        PreflightError: one is not there, not Ready or has another service's name, or would come back as another one.
    """
    meta, spec = found["metadata"], found["spec"]
    first = (spec.get("ordinals") or {}).get("start", 0)
    names = [f"{meta['name']}-{first + i}" for i in range(spec.get("replicas", 1))]
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
    ours = [by_name[name] for name in names]
    check_not_staged(found, ours)
    return ours


def _target(found: Object, service: Object, pods: list[Object], port: int) -> WatchedTarget:
    meta, spec = found["metadata"], found["spec"]
    names = tuple(pod["metadata"]["name"] for pod in pods)
    labels = spec["template"]["metadata"].get("labels") or {}
    return WatchedTarget(
        meta["namespace"],
        meta["name"],
        spec["serviceName"],
        port,
        names,
        labels,
        dual_stack=is_dual_stack(service),
        has_ports=bool(service["spec"].get("ports")),
    )


async def _shared(cluster: Cluster, service: Object, target: WatchedTarget) -> str:
    """Whose pods its service selects besides; empty: nobody's."""
    selected, _ = await cluster.list("Pod", target.namespace, labels_text(service["spec"]["selector"]))
    others = sorted({pod["metadata"]["name"] for pod in selected} - set(target.names))
    if not others:
        return ""
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return (
        f"its service {target.service} selects pods of others too ({', '.join(others[:_NAMED])}{more}): its own "
        "records have theirs as well, and only what they say of the target's pods is judged"
    )


def _patient(found: Object, options: Options) -> tuple[Options, str]:
    """The options with a limit that the pods' grace period leaves room for, unless somebody named one; and why."""
    grace_s = found["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE_S)
    grace_s = grace_s if options.deletion_grace_s is None else options.deletion_grace_s
    if options.within_s > grace_s:
        return options, ""
    told = f"its pods may take {grace_s} s to end (grace period)"
    if options.within_s != _USUAL_WITHIN_S or any(said.startswith("--within") for said in options.origins):
        return options, f"{told}, as long as --within or longer: one that takes all of it misses that limit"
    within_s = grace_s + _USUAL_WITHIN_S
    return replace(options, within_s=within_s), (
        f"{told}, so the limit for their records is {within_s:g} s; --within names another, --grace a shorter end"
    )


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
    if not service["spec"].get("ports"):
        notes.append("its service has no ports, so there are no SRV records, and none are asked for")
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
