"""Where experiments run: the sandbox, which is started for them, or a real cluster."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chaos.cli.console import SteadfastConsole
from chaos.cli.sandbox import make_sandbox, start_sandbox
from chaos.cluster.address import ClusterAddress
from chaos.engine.place import Place
from chaos.errors import UsageError
from chaos.options import Given, Settings, Source
from chaos.options.place import ClusterOptions, PlaceOptions
from chaos.vantage.local import LocalVantage

# Options that mean something on one of them only.
_OF_SANDBOX = ("seed", "model", "realtime")
_CUTS = ("cut-node", "join-node")
_OF_AGENTS = ("agent-image", "agent-cpu", "agent-memory", "agent-clock")


def address_of(cluster: ClusterOptions) -> ClusterAddress:
    """Where the cluster is that was named."""
    return ClusterAddress(context=cluster.context, kubeconfig=cluster.kubeconfig, in_cluster=cluster.in_cluster)


def on_sandbox(place: PlaceOptions) -> bool:
    """Whether it is the sandbox that is asked for.

    Raises:
        UsageError: none is named where one must be.
    """
    if place.is_named:
        return False
    if not place.sandbox and (os.environ.get("CI") or not sys.stdout.isatty()):
        raise UsageError(
            "say where to run: this is not a terminal, so the sandbox is not taken by default",
            hint="--sandbox for the simulated cluster, or --context NAME for a real one",
        )
    if place.kubeconfig is not None:
        raise UsageError("--kubeconfig without --context", hint="a context is never guessed: name it with --context")
    return True


def with_agents_or_without(settings: Settings) -> Settings:
    """What was given where --agents and --vantage local do not contradict each other; the nearer one counts.

    Raises:
        UsageError: they come from the same place.
    """
    agents, vantage = settings.given.get("agents"), settings.given.get("vantage")
    if agents is None or vantage is None or vantage.value != "local":
        return settings
    if agents.source is vantage.source:
        raise UsageError("--vantage local has no agents", hint="leave --agents out, or say --vantage both")
    nearer, other = (agents, vantage) if agents.source > vantage.source else (vantage, agents)
    return settings.without([other.option.name], f"counts for nothing beside {nearer.said} ({nearer.origin})")


def elsewhere(settings: Settings, *, simulated: bool) -> list[Given]:
    """Options that mean nothing where it runs.

    Raises:
        UsageError: they stand on the command line.
    """
    where = "the sandbox" if simulated else "a real cluster"
    vantage = settings.value("vantage", "auto")
    found = [] if simulated else [(name, "it is of the sandbox") for name in _OF_SANDBOX]
    if simulated or vantage == "local":
        why = "the sandbox has no agents" if simulated else "--vantage local has no agents"
        found += [(name, why) for name in _OF_AGENTS]
    if simulated:
        found += [("agents", "the sandbox has no agents"), *((name, "it cuts nodes off by itself") for name in _CUTS)]
        found += [("vantage", "the sandbox has no agents")] if vantage in ("agent", "both") else []
    left = []
    for name, why in found:
        given = settings.given.get(name)
        if given is None or given.value is False or given.value == ():
            continue
        if given.source is Source.COMMAND_LINE:
            raise UsageError(f"{given.said} means nothing on {where}: {why}", hint=f"leave {given.option.flag} out")
        left.append(given)
    return left


@asynccontextmanager
async def open_place(
    options: PlaceOptions, console: SteadfastConsole, *, simulated: bool, quiet: bool
) -> AsyncIterator[Place]:
    """The place, as long as it is needed."""
    if not simulated:
        address = address_of(options)
        yield Place(address, LocalVantage(), address.describe())
        return
    time = "real time" if options.realtime else "virtual time"
    if not quiet:  # the result's first line says it too
        console.tell(
            f"[bold yellow]SIMULATED[/]: sandbox in {time}, seed {options.seed}; no cluster is touched. "
            "For a real one: --context NAME",
            soft_wrap=True,
        )
    token = secrets.token_hex(16)
    sandbox = make_sandbox(options.seed, options.model, token, realtime=options.realtime)
    try:
        await start_sandbox(sandbox, options.model)
        connector = None if options.realtime else sandbox.connector()
        address = ClusterAddress(url=sandbox.url, token=token, connector=connector)
        yield Place(
            address,
            sandbox.vantage,
            f"sandbox, seed {options.seed}",
            simulated=True,
            virtual_time=not options.realtime,
            seed=options.seed,
            model=sandbox.delays.describe(),
            drawn=sandbox.delays.drawn,
            failure=sandbox.failure,
        )
    finally:
        await sandbox.stop()
