"""What must be known and allowed before anything is touched."""

from __future__ import annotations

import platform
import random
from dataclasses import dataclass
from importlib.metadata import version

import chaos
from chaos.agents import manifests
from chaos.agents.mesh import MEANS, mesh_of
from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.engine.aborting.making import check_measured, permissions_for
from chaos.engine.admission import require_admitted
from chaos.engine.adoption import adopt
from chaos.engine.guards import Guards, Scene
from chaos.engine.manifests import adapt_pods
from chaos.engine.permissions import Feature, Permission, require, uses_of
from chaos.engine.place import Place
from chaos.engine.reach import UnreachableError, check_local
from chaos.engine.serving_port import check_listens
from chaos.engine.target import WatchedTarget
from chaos.engine.views import DnsInventory, find_dns
from chaos.engine.workload import objects_of
from chaos.errors import InconclusiveError, PreflightError, UsageError
from chaos.experiment import Experiment, Options
from chaos.experiment.definition import NEEDS
from chaos.experiment.loading import is_shipped
from chaos.model import RunMeta
from chaos.options.table import known_options

_TRIED_S = 600  # the deadline of a Job that is asked about only


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found out.

    Attributes:
        local: whether this process probes.
        agents: how many agents do.
        chosen: why, for people; empty where it was asked for.
        guards: that look again before each fault.
        options: as it is run with them: the user's, and what the workload says where nobody else did.
        experiment: as it is run: fitted to the user's own workload where one is named.
        permissions: that it needs, and the cluster says it has; none are asked for on the sandbox.
        notes: what the user should know before it begins.
    """

    cluster: Cluster
    dns: DnsInventory
    target: WatchedTarget
    experiment: Experiment
    options: Options
    guards: Guards
    local: bool = True
    agents: int = 0
    chosen: str = ""
    notes: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()


async def check(cluster: Cluster, place: Place, experiment: Experiment, options: Options) -> Preflight:
    """Look at the cluster without changing it.

    Raises:
        ChaosError: the run cannot take place here; says why.
    """
    if options.until_precision is not None and not experiment.honours(known_options()["until-precision"]):
        raise UsageError(
            "--until-precision is for an experiment that repeats its fault and tells how long a pod is unreachable, "
            f"and {experiment.name} does not",
            hint="leave it out",
        )
    if place.simulated and "real-cluster" in experiment.needs:
        raise InconclusiveError(
            f"{experiment.name} needs {NEEDS['real-cluster']}", hint="name a cluster with --context NAME"
        )
    check_measured(experiment, options)
    guards = Guards(Scene(cluster, place, experiment, options, options.namespace))
    await guards.check_start(asking=False)
    rows: list[Permission] = []
    if not place.simulated:
        features = [Feature.RUN] if options.namespace else [Feature.RUN, Feature.MAKE_NAMESPACE]
        features += [] if options.local_journal_only else [Feature.MIRROR]
        features += [Feature.DISTURB_DNS] if "kube-system" in experiment.needs else []
        more = [*uses_of(experiment.name, experiment.uses), *permissions_for(options)]
        rows += await require(cluster, features, options.namespace, more)
    allowed = await guards.check_start(asking=True)
    dns = await find_dns(cluster, in_cluster=place.address.in_cluster, domain=options.cluster_domain)
    if "kube-system" in experiment.needs and dns.limited:
        raise PreflightError(
            f"{experiment.name} disturbs cluster DNS, whose servers cannot be seen: {dns.limited}",
            hint="all experiments without --allow-kube-system work: chaos list"
            if dns.managed
            else "its owner can allow it: chaos manifests rbac -n NAMESPACE --with disturb-dns",
        )
    simulated = place.simulated or cluster.simulated
    local, agents, chosen = await _choose_vantages(place, dns, options, simulated=simulated)
    namespace = options.namespace or _new_name(place)
    if agents:
        rows += await require(cluster, [Feature.AGENTS], options.namespace)
    if options.target:
        adopted = await adopt(cluster, experiment, options)
        if not place.simulated:
            rows += await require(cluster, [], namespace, uses_of(experiment.name, adopted.experiment.uses))
        target, fitted, notes = adopted.target, adopted.experiment, (*dns.remarks, *adopted.notes)
        options = adopted.options
        await check_listens(place.vantage if local else None, target, adopted.address, options)
        check_measured(fitted, options)
    else:
        target, fitted, notes = _target(experiment, namespace), experiment, dns.remarks
    if "reach" in fitted.needs and agents:
        raise PreflightError(
            f"{experiment.name} connects with clients of its own from this process, which does not reach the cluster's "
            f"network{f' ({chosen})' if chosen else ''}",
            hint="run it in a pod of the cluster (chaos manifests all) or on a node, without --vantage agent",
        )
    if options.namespace and not place.simulated:
        notes = (*notes, *await _admission(cluster, fitted, options, agents))
    notes = (*([cluster.heard_by] if cluster.heard_by else []), *allowed, *notes)
    return Preflight(cluster, dns, target, fitted, options, guards, local, agents, chosen, notes, tuple(rows))


async def _admission(cluster: Cluster, experiment: Experiment, options: Options, agents: int) -> list[str]:
    """What the namespace does to what the run makes there; raises PreflightError where it takes none of it."""
    notes = []
    if agents:
        job = manifests.job("chaos-agents-try", options.namespace, _TRIED_S, options.agents, options.pods)
        notes += await require_admitted(cluster, "agents", job)
    for obj in [] if options.target else objects_of(experiment, options.namespace):
        if obj["kind"] == "StatefulSet":
            adapt_pods(obj, options.pods)
            notes += await require_admitted(cluster, obj["metadata"]["name"], obj)
    if mesh := mesh_of(await cluster.get("Namespace", options.namespace) or {}):
        notes.append(f"Namespace {options.namespace} asks for {mesh}: {MEANS}.")
    return notes


async def _choose_vantages(
    place: Place, dns: DnsInventory, options: Options, *, simulated: bool
) -> tuple[bool, int, str]:
    """Whether this process probes, how many agents do, and why where nobody said so."""
    asked = options.vantage
    if simulated and asked in ("agent", "both"):
        raise UsageError(
            "the sandbox has no agents: everything of it can be reached from here",
            hint="leave --vantage and --agents out, or name a real cluster with --context",
        )
    chosen = ""
    if asked in ("auto", "local", "both"):
        try:
            await check_local(place.vantage, dns)
        except UnreachableError as exc:
            if asked != "auto" or simulated:
                raise
            asked, chosen = "agent", exc.message
    agents = options.agents.count if asked in ("agent", "both") else 0
    return asked != "agent", agents, chosen


def _new_name(place: Place) -> str:
    """Of the namespace that is made for the run."""
    rng = random.SystemRandom() if place.seed is None else random.Random(place.seed)
    return f"chaos-identity-{rng.getrandbits(24):06x}"


def _target(experiment: Experiment, namespace: str) -> WatchedTarget:
    workload = experiment.workload
    if workload is None:
        return WatchedTarget(namespace, "", "", 0, ())
    objects = objects_of(experiment, namespace)
    spec = next(o for o in objects if (o["kind"], o["metadata"]["name"]) == ("StatefulSet", workload.statefulset))[
        "spec"
    ]
    first = (spec.get("ordinals") or {}).get("start") or 0
    replicas = spec.get("replicas")
    ordinals = range(first, first + (1 if replicas is None else replicas))
    names = tuple(f"{workload.statefulset}-{ordinal}" for ordinal in ordinals)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    return WatchedTarget(namespace, workload.statefulset, workload.service, workload.port, names, labels)


def run_meta(found: Preflight, place: Place, experiment: Experiment, options: Options, clock: RunClock) -> RunMeta:
    """The head of the history."""
    target, dns = found.target, found.dns
    return RunMeta(
        experiment=experiment.name,
        simulated=place.simulated or found.cluster.simulated,
        started_at=clock.started_at,
        seed=place.seed,
        target={
            "statefulset": target.statefulset,
            "service": target.service,
            "namespace": target.namespace,
            "port": target.port,
            **({} if target.has_ports else {"without_ports": True}),
            "replicas": len(target.names),
            "domain": dns.domain,
        },
        parameters={
            **options.as_parameters(experiment.own_options),
            "hypothesis": experiment.hypothesis,
            "needs": list(experiment.needs),
            "options": [name for name, one in known_options().items() if experiment.honours(one)],
            **({} if is_shipped(experiment) else {"file": experiment.source.name}),
            "checkers": experiment.checker_names(),
            "questions": experiment.question_keys(),
            "tables": experiment.captions(),
        },
        model=place.model,
        environment={
            "place": place.label,
            "vantage": " and ".join(["local"] * found.local + ["agents"] * bool(found.agents)),
            "virtual_time": place.virtual_time,
            "kubernetes": found.cluster.version,
            "cluster_fingerprint": found.cluster.fingerprint,
            "dns_views": {view.name: view.address for view in dns.views},
            "dns_image": dns.image,
            **({"dns_limited": dns.limited} if dns.limited else {}),
            **({"remarks": list(found.notes)} if found.notes else {}),
            "corefile": dns.corefile,
            "chaos_identity": chaos.__version__,
            "python": platform.python_version(),
            "kubernetes_client": version("kubernetes"),
            "dnspython": version("dnspython"),
        },
    )
