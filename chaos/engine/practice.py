"""Which vantage this process has onto a cluster: ordinary sockets, or the relay of a practice cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from chaos.cluster.client import Cluster
from chaos.cluster.relay import open_relay
from chaos.engine.place import Place
from chaos.vantage import Vantage
from chaos.vantage.relay import RelayVantage


@asynccontextmanager
async def vantage_onto(cluster: Cluster, otherwise: Vantage) -> AsyncIterator[Vantage]:
    """The relay's where it is a practice cluster (`chaos sandbox`), whose pods have no sockets of this machine.

    Args:
        cluster: that was connected to.
        otherwise: the vantage onto any other.

    Raises:
        ApiError: the relay cannot be had.
    """
    if not cluster.simulated:
        yield otherwise
        return
    frames = await open_relay(cluster)
    vantage = RelayVantage(frames)
    carrying = asyncio.create_task(vantage.carry())
    try:
        yield vantage
    finally:
        carrying.cancel()
        await asyncio.wait([carrying])
        await frames.close()


@asynccontextmanager
async def place_onto(cluster: Cluster, place: Place) -> AsyncIterator[Place]:
    """The place with that vantage; the sandbox of this process has its own already.

    Raises:
        ApiError: the relay cannot be had.
    """
    if place.simulated:
        yield place
        return
    async with vantage_onto(cluster, place.vantage) as vantage:
        yield replace(place, vantage=vantage)
