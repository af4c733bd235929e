"""Requests whose answers by a real API server are on record, asked of any server.

`recorded_answers.json`, `recorded_kinds.json` and `recorded_generic_kinds.json` hold requests that are made in their
order on a few objects of a namespace, most of them bad; `recorded_defaults.json` holds manifests, and what becomes of
them. A new row needs no answer: `capture.py` fills it in.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
ANSWERS = (HERE / "recorded_answers.json", HERE / "recorded_kinds.json", HERE / "recorded_generic_kinds.json")
DEFAULTS = HERE / "recorded_defaults.json"
NAMESPACE = "{ns}"
COLLECTIONS = {
    "Pod": "/api/v1/namespaces/default/pods",
    "Service": "/api/v1/namespaces/default/services",
    "PersistentVolumeClaim": "/api/v1/namespaces/default/persistentvolumeclaims",
    "StatefulSet": "/apis/apps/v1/namespaces/default/statefulsets",
    "Deployment": "/apis/apps/v1/namespaces/default/deployments",
    "Job": "/apis/batch/v1/namespaces/default/jobs",
}
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_CREATED, _FORBIDDEN, _BAD = 201, 403, 400
_READY_WITHIN_S = 20.0
_REQUEST = ("case", "method", "path", "headers", "body", "manifest")

Row = dict[str, Any]


class Reply(NamedTuple):
    """What came over HTTP."""

    status: int
    media_type: str
    text: str
    warnings: tuple[str, ...]


# Method, path, body (None, text, or what becomes JSON), headers.
Send = Callable[[str, str, Any, dict[str, str]], Awaitable[Reply]]


def load(path: Path) -> dict[str, Any]:
    """One of the recorded files."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def request_of(row: Row) -> Row:
    """A row without its answer."""
    return {key: row[key] for key in _REQUEST if key in row}


def answer_of(row: Row) -> Row:
    """A row without its request."""
    return {key: value for key, value in row.items() if key not in _REQUEST}


def manifest_name(row: Row) -> str:
    """What a row of the manifests is called."""
    manifest = row["manifest"]
    return f"{manifest['kind']} {manifest['metadata']['name']}"


async def ask(send: Send, recorded: dict[str, Any], namespace: str) -> list[Row]:
    """The rows of a file with the answers of this server, in a namespace that is made, and gone after the last one."""

    def here(value: Any) -> Any:
        return json.loads(json.dumps(value).replace(NAMESPACE, namespace))

    for step in recorded["setup"]:
        async with asyncio.timeout(_READY_WITHIN_S):
            while (made := await send("POST", here(step["path"]), here(step["body"]), {})).status == _FORBIDDEN:
                await asyncio.sleep(0.1)  # a new namespace takes no pods before its service account is there
        assert made.status == _CREATED, made.text
    rows = []
    for row in recorded["answers"]:
        path = here(row["path"])
        reply = await send(row["method"], path, here(row.get("body")), row.get("headers", {}))
        rows.append(request_of(row) | _said(reply, namespace))
        if row["method"] == "POST" and reply.status == _CREATED and "dryRun" not in path:
            made = json.loads(reply.text)
            if made.get("kind") != "Status":
                await send("DELETE", f"{path.partition('?')[0]}/{made['metadata']['name']}", None, {})
    await send("DELETE", f"/api/v1/namespaces/{namespace}", None, {})
    return rows


def _said(reply: Reply, namespace: str) -> Row:
    """An answer in a form that two servers can share."""
    said: Row = {"status": reply.status}
    if reply.warnings:
        said["warnings"] = list(reply.warnings)
    if reply.status < _BAD:
        return said
    if reply.media_type == "text/plain":
        return said | {"text": reply.text.strip()}
    found = json.loads(reply.text)
    # Behind the first line stands a comparison of internal types that no other program could write.
    message = _UID.sub("{uid}", found["message"].partition("\n")[0]).replace(namespace, NAMESPACE)
    causes = [cause.get("field", "") for cause in found.get("details", {}).get("causes", ())]
    return said | {"reason": found.get("reason", ""), "message": message, "causes": causes}


def _without_token(spec: Row) -> None:
    """Admission mounts the account's token into each pod; the sandbox leaves that out."""
    for holder, key in ((spec, "volumes"), *((one, "volumeMounts") for one in spec.get("containers", ()))):
        kept = [row for row in holder.get(key, ()) if not row["name"].startswith("kube-api-access-")]
        holder.pop(key, None)
        holder.update({key: kept} if kept else {})


async def ask_defaults(send: Send, recorded: dict[str, Any]) -> list[Row]:
    """The manifests with what this server makes of them, without making them."""
    rows = []
    for row in recorded["objects"]:
        manifest = row["manifest"]
        reply = await send("POST", COLLECTIONS[manifest["kind"]] + "?dryRun=All", manifest, {})
        made = json.loads(reply.text)
        if reply.status != _CREATED:
            rows.append({"manifest": manifest, **_said(reply, "default")})
            continue
        made = json.loads(_UID.sub("{uid}", json.dumps({key: made[key] for key in ("spec", "status") if key in made})))
        _without_token(made["spec"])
        rows.append({"manifest": manifest, **made, **({"warnings": list(reply.warnings)} if reply.warnings else {})})
    return rows
