"""Records what a real API server says to everything: `python -m tests.kubesim.api.capture CONTEXT`.

Of the version that the sandbox simulates the files are written anew; of another one `other_versions.json` gets what it
says differently. `python tools/update_versions.py` makes the table of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from kubesim.release import MINOR
from tests.kubesim.api import versions
from tests.kubesim.api.mutated import capture as mutated
from tests.kubesim.api.recording import (
    ANSWERS,
    DEFAULTS,
    Reply,
    Row,
    Send,
    answer_of,
    ask,
    ask_defaults,
    load,
    manifest_name,
)


async def sender(cluster: Cluster) -> Send:
    """How requests reach a real cluster."""
    session, arguments = await cluster.raw_session()
    ours = arguments["headers"]

    async def send(method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        sent = {**ours, "Content-Type": "application/json", **headers}
        async with session.request(method, cluster.server.rstrip("/") + path, data=data, headers=sent) as response:
            media_type = response.headers.get("Content-Type", "").partition(";")[0]
            warnings = tuple(response.headers.getall("Warning", ()))
            return Reply(response.status, media_type, await response.text(), warnings)

    return send


async def rows_of(cluster: Cluster, namespace: str) -> tuple[list[list[Row]], list[Row]]:
    """The rows of the files with requests, and of the one with manifests, with this server's answers."""
    send = await sender(cluster)
    answers = [await ask(send, load(path), f"{namespace}-{number}") for number, path in enumerate(ANSWERS)]
    return answers, await ask_defaults(send, load(DEFAULTS))


async def ask_everything(cluster: Cluster, namespace: str) -> versions.Said:
    """What a server says to all that is on record, in namespaces that are deleted afterwards."""
    mutations = await mutated.ask_cluster(cluster, f"{namespace}-mutated")
    answers, defaults = await rows_of(cluster, namespace)
    return {
        "mutations": {case: mutated.kept(said) for case, said in mutations.items()},
        "answers": {row["case"]: answer_of(row) for rows in answers for row in rows},
        "defaults": {manifest_name(row): answer_of(row) for row in defaults},
    }


def _write(path: Path, server: str, key: str, rows: list[Row]) -> None:
    """One row a line, so that a difference is a line, too."""

    def lines(items: list[Any]) -> str:
        return "[\n  " + ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in items) + "]"

    parts = [f'"server": {json.dumps(f"kube-apiserver {server}")}']
    parts += [f'"{name}": {lines(load(path)[name])}' for name in ("setup",) if name in load(path)]
    path.write_text("{" + ",\n ".join([*parts, f'"{key}": {lines(rows)}']) + "}\n", encoding="utf-8")


async def _main(context: str) -> None:
    cluster = await connect(ClusterAddress(context=context))
    try:
        if versions.minor_of(cluster.version) != MINOR:
            count = versions.keep(cluster.version, await ask_everything(cluster, "chaos-recording"))
            print(f"{cluster.version} says otherwise in {count} cases")
            return
        mutated.write(cluster.version, await mutated.ask_cluster(cluster, "chaos-recording-mutated"))
        answers, defaults = await rows_of(cluster, "chaos-recording")
        before = {row["case"]: row for path in ANSWERS for row in load(path)["answers"]}
        answers = [
            [before.get(row["case"], row) if row["case"] in versions.OF_AGE else row for row in rows]
            for rows in answers
        ]
        for path, rows in zip(ANSWERS, answers, strict=True):
            _write(path, cluster.version, "answers", rows)
        _write(DEFAULTS, cluster.version, "objects", defaults)
    finally:
        await cluster.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
