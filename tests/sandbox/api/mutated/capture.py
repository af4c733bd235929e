"""Records what a real API server says to every mutation: `python -m tests.sandbox.api.mutated.capture CONTEXT`.

Only status and reason must agree; the message is kept for people, its first line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from chaos.cluster import Cluster, ClusterAddress, connect
from tests.sandbox.api.mutated.asking import Asker, Said
from tests.sandbox.api.mutated.mutations import mutations

_SHOWN = 200
RECORDED = Path(__file__).with_name("recorded.json")


async def ask_cluster(cluster: Cluster, namespace: str) -> dict[str, Said]:
    """Everything, in a namespace of its own that is deleted afterwards."""
    session, headers = await cluster.raw_session()
    asker = Asker(session, cluster.server, namespace, headers)
    try:
        await asker.prepare()
        return await asker.ask(mutations())
    finally:
        await asker.clean()


async def _main(context: str) -> None:
    cluster = await connect(ClusterAddress(context=context))
    try:
        said = await ask_cluster(cluster, "chaos-mutations")
    finally:
        await cluster.close()
    rows = [json.dumps([case, *row[:2], row.message.partition("\n")[0][:_SHOWN]]) for case, row in said.items()]
    head = json.dumps({"server": f"kube-apiserver {cluster.version}"})[:-1]
    RECORDED.write_text(head + ', "answers": [\n ' + ",\n ".join(rows) + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
