"""`chaos run --dry-run` and `chaos plan`: everything that a run would do, and nothing of it done."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import kubesim
from chaos.agents.planned import agent_objects
from chaos.cli.console import SteadfastConsole, print_json
from chaos.cli.one import RunRequest, options_for
from chaos.cli.place import open_place
from chaos.cli.planned import print_plan
from chaos.cli.rehearsing import rehearse
from chaos.cli.terminal import Telling
from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.request import Request
from chaos.engine import preflight
from chaos.engine.aborting import check_all
from chaos.engine.aborting.making import outside_conditions
from chaos.engine.asking import ask
from chaos.engine.permissions import DNS_NAMESPACE
from chaos.engine.place import Place
from chaos.engine.planning import plan_document
from chaos.engine.probing import rates_of
from chaos.engine.rehearsal import Call, Rehearsed
from chaos.engine.standins import budgets_of, stand_ins
from chaos.engine.unfinished import refuse_on_top
from chaos.errors import ApiError, InconclusiveError, PreflightError
from chaos.experiment import Experiment, Options

_CUT = "--cut-node …"


@dataclass(slots=True)
class _Looked:
    """What was read of the cluster."""

    place: Place
    cluster: Cluster
    found: preflight.Preflight
    seeds: list[dict[str, Any]]
    node: str


def dry_run(request: RunRequest, experiment: Experiment) -> int:
    """Print the plan; returns the exit code: 0, 3 where the cluster would refuse, 4 where not all of it is known.

    Raises:
        ChaosError: the run would be refused before it began.
    """
    options = options_for(request, experiment)
    console = SteadfastConsole(stderr=True)
    virtual = request.simulated and not request.place.realtime
    stack = AsyncExitStack()
    with asyncio.Runner(loop_factory=kubesim.VirtualTimeLoop if virtual else None) as runner:
        try:
            looked = runner.run(_look(request, experiment, options, console, stack))
            found = looked.found
            rehearsed = rehearse(experiment, options, looked.seeds, found.dns.corefile or "", len(found.dns.servers))
            rehearsed = _with_agents(_with_commands(rehearsed, options), found, options)
            rehearsed = rehearsed.among(_names(looked, rehearsed))
            made = "" if options.namespace else found.target.namespace
            answers = runner.run(ask(looked.cluster, rehearsed.calls, made, looked.node))
        finally:
            runner.run(stack.aclose())
    fitted, vantages = found.experiment, found.local + found.agents
    rates = rates_of(options, found.target, found.dns, fitted.probes, vantages, fitted.watched_names)
    document = plan_document(found, looked.place, options, rates, rehearsed, answers)
    if request.as_json:
        print_json(document)
    else:
        print_plan(document)
    if document["would_be_refused"]:
        return PreflightError.exit_code
    return 0 if document["rehearsal"]["came_to_its_end"] else InconclusiveError.exit_code


def _names(looked: _Looked, rehearsed: Rehearsed) -> list[tuple[str, str]]:
    """What a name of the rehearsal is in this cluster: the namespace that is made, DNS servers, some node."""
    node = next((call.request.name for call in rehearsed.calls if call.request.kind == "Node"), "")
    return [
        (rehearsed.namespace, looked.found.target.namespace),
        (node, looked.node),
        *zip(rehearsed.dns_servers, (view.name for view in looked.found.dns.servers), strict=False),
    ]


async def _look(
    request: RunRequest, experiment: Experiment, options: Options, console: SteadfastConsole, stack: AsyncExitStack
) -> _Looked:
    """Read the cluster; what is opened stays open until the stack is closed."""
    quiet = request.as_json or request.telling is Telling.QUIET
    place = await stack.enter_async_context(
        open_place(request.place, console, simulated=request.simulated, quiet=quiet)
    )
    cluster = await connect(place.address, options.namespace)
    stack.push_async_callback(cluster.close)
    found = await preflight.check(cluster, place, experiment, options)
    clock = RunClock(asyncio.get_running_loop())
    await check_all(outside_conditions(options, cluster, clock, found.target.namespace))
    if not place.simulated:
        mirrored = not options.local_journal_only
        await refuse_on_top(cluster, options.namespace, request.reports, place.address, mirrored=mirrored)
    seeds = []
    if options.namespace:
        seeds = await stand_ins(cluster, options.namespace, found.target if options.target else None)
    if "kube-system" in experiment.needs:
        seeds += await budgets_of(cluster, DNS_NAMESPACE, counted=True)
    return _Looked(place, cluster, found, seeds, await _node(cluster, options))


async def _node(cluster: Cluster, options: Options) -> str:
    if options.node:
        return options.node
    try:
        nodes, _ = await cluster.list("Node")
    except ApiError:
        return ""
    return str(nodes[0]["metadata"]["name"]) if nodes else ""


def _with_commands(rehearsed: Rehearsed, options: Options) -> Rehearsed:
    """Replace the annotation, by which a simulated node is cut off, by the user's commands of a real cluster."""
    if not options.cut_node:
        return rehearsed
    calls = [
        replace(call, command=_CUT, undo="--join-node …") if call.request.kind == "Node" else call
        for call in rehearsed.calls
    ]
    return replace(rehearsed, calls=tuple(calls))


def _with_agents(rehearsed: Rehearsed, found: preflight.Preflight, options: Options) -> Rehearsed:
    """The simulated cluster has none: everything of it is reached from here."""
    if not found.agents:
        return rehearsed
    namespace = options.namespace or rehearsed.namespace
    calls = [
        Call(
            f"starting {found.agents} agent(s)",
            0.0,
            Request("create", obj["kind"], obj["metadata"]["name"], namespace, body=obj),
            "delete it" if obj["kind"] == "Job" else "goes with the Job",
        )
        for obj in agent_objects(namespace, 600, options.agents, options.pods)
    ]
    first = next((n for n, call in enumerate(rehearsed.calls) if call.request.kind == "Lease"), -1) + 1
    return replace(rehearsed, calls=(*rehearsed.calls[:first], *calls, *rehearsed.calls[first:]))
