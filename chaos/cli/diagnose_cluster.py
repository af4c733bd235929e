"""`chaos diagnose` of a cluster."""

from __future__ import annotations

import asyncio

from chaos.cli.diagnosed import DiagnoseRequest, tell, without_ignored
from chaos.cli.fix import offer
from chaos.cli.place import address_of
from chaos.cli.signals import raising
from chaos.cluster.connection import connect
from chaos.diagnose import Snapshot, diagnose_again
from chaos.diagnose.reading import read_namespace
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
            return await read_namespace(cluster, namespace, LocalVantage(), in_cluster=address.in_cluster)

        snapshot, found = await diagnose_again(read)
        found = without_ignored(request, snapshot, found)
        where = f"{cluster.name}, namespace {namespace}"
        code = tell(request, snapshot, found, statefulset, where)
        if request.chosen.fix:
            shown = found.only(statefulset) if statefulset else found
            await offer(
                cluster, address, shown.findings, request.reports, agreed=request.chosen.yes, shared=request.shared
            )
        return code
    finally:
        await cluster.close()
