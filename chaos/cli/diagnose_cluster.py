"""`chaos diagnose` of a cluster."""

from __future__ import annotations

import asyncio

from chaos.cli.diagnosed import DiagnoseRequest, asked_for, tell
from chaos.cli.fix import offer
from chaos.cli.place import address_of
from chaos.cli.signals import raising
from chaos.cluster.connection import connect
from chaos.diagnose import Snapshot, diagnose_again
from chaos.diagnose.reading import read_namespace
from chaos.engine.practice import vantage_onto
from chaos.vantage.local import LocalVantage


def diagnose_cluster(request: DiagnoseRequest, statefulset: str) -> int:
    """Look at a namespace, tell, mend what is agreed to, and return the exit code."""
    with raising():  # --fix writes down what became of a change that is interrupted
        return asyncio.run(_of_cluster(request, statefulset))


async def _of_cluster(request: DiagnoseRequest, statefulset: str) -> int:
    address, namespace = address_of(request.cluster), request.namespace
    cluster = await connect(address, namespace)
    try:

        async def read() -> Snapshot:
            async with vantage_onto(cluster, LocalVantage()) as vantage:
                return await read_namespace(cluster, namespace, vantage, in_cluster=address.in_cluster)

        snapshot, found = await diagnose_again(read)
        found = asked_for(request, snapshot, found, statefulset)
        code = tell(request, found, f"{cluster.name}, namespace {namespace}")
        if request.chosen.fix:
            await offer(
                cluster, address, found.findings, request.reports, agreed=request.chosen.yes, shared=request.shared
            )
        return code
    finally:
        await cluster.close()
