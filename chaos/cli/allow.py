"""`chaos allow`: the owner of a namespace gives and takes back consent."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from chaos.cli.commands.allow import Allowed
from chaos.cli.console import SteadfastConsole
from chaos.cli.place import address_of
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.engine.consent import clocks, granted, revoked
from chaos.engine.guards.namespaces import refuse_system
from chaos.errors import PreflightError
from chaos.options.place import ClusterOptions


def allow(allowed: Allowed, cluster: ClusterOptions) -> int:
    """Write it down; returns the exit code.

    Raises:
        ChaosError: it cannot be written, or is nobody's to give.
    """
    cluster.check_named()
    said = asyncio.run(_write(address_of(cluster), allowed))
    SteadfastConsole().tell(said, markup=False, soft_wrap=True)
    return 0


async def _write(address: ClusterAddress, allowed: Allowed) -> str:
    name = allowed.namespace
    refuse_system(name)
    cluster = await connect(address, name)
    try:
        if await cluster.get("Namespace", name) is None:
            raise PreflightError(f"{cluster.name} has no namespace {name}", hint=f"kubectl create namespace {name}")
        if allowed.revoke:
            await cluster.patch("Namespace", name, "", revoked())
            return f"{name} in {cluster.name} allows no experiments any more; a run under way there injects no fault"
        until = None
        if allowed.for_s is not None:
            until = (await clocks(cluster)).server + timedelta(seconds=allowed.for_s)
        await cluster.patch("Namespace", name, "", granted(until))
        end = "until chaos allow --revoke" if until is None else f"until {until:%Y-%m-%d %H:%M:%S} UTC"
        return f"{name} in {cluster.name} allows experiments {end}"
    finally:
        await cluster.close()
