"""What a real API server says to every mutation, asked and kept; `tests.kubesim.api.capture` is the command.

Only status and reason must agree; the message is kept for people, its first line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chaos.cluster.client import Cluster
from tests.kubesim.api.mutated.asking import Asker, Said
from tests.kubesim.api.mutated.mutations import mutations

_SHOWN = 200
RECORDED = Path(__file__).with_name("recorded.json")


async def ask_cluster(cluster: Cluster, namespace: str) -> dict[str, Said]:
    """Everything, in a namespace of its own that is deleted afterwards."""
    session, arguments = await cluster.raw_session()
    asker = Asker(session, cluster.server, namespace, arguments["headers"])
    try:
        await asker.prepare()
        return await asker.ask(mutations())
    finally:
        await asker.clean()


def kept(said: Said) -> list[Any]:
    """What is kept of an answer."""
    return [*said[:2], said.message.partition("\n")[0][:_SHOWN]]


def write(server: str, said: dict[str, Said]) -> None:
    """Put a server's answers on record."""
    rows = [json.dumps([case, *kept(row)]) for case, row in said.items()]
    head = json.dumps({"server": f"kube-apiserver {server}"})[:-1]
    RECORDED.write_text(head + ', "answers": [\n ' + ",\n ".join(rows) + "\n]}\n", encoding="utf-8")
