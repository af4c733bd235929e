"""Asks a cluster whether it would take the requests of a run: a dry run on the server, which stores nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaos.cluster.client import Cluster
from chaos.cluster.request import Request
from chaos.engine.rehearsal import Call
from chaos.errors import ApiError
from chaos.model.object import Object

MADE_BY_THE_RUN = "its namespace is made by the run"
ACCEPTED, REFUSED, NOT_ASKED = "accepted", "refused", "not asked"
# Fields whose values differ between the rehearsal's object and the real one.
_OF_ITS_VERSION = ("uid", "resourceVersion")


@dataclass(frozen=True, slots=True)
class DryRunAnswer:
    """What the server says.

    Attributes:
        why: of a refusal, or why it was not asked.
        note: what was asked in place of the very request.
    """

    said: str
    why: str = ""
    note: str = ""


async def ask(cluster: Cluster, calls: Sequence[Call], made_namespace: str, node: str) -> list[DryRunAnswer]:
    """For each call, in order.

    Args:
        cluster: the one that the run would work on.
        calls: as they were rehearsed.
        made_namespace: that the run makes; empty: it works in one that exists.
        node: a node of that cluster, for what is done to one that is chosen only then.
    """
    made: set[tuple[str, str, str]] = set()
    answers = []
    for call in calls:
        answers.append(await _ask(cluster, call, made, made_namespace, node))
        request = call.request
        if request.verb == "create":
            made.add((request.kind, request.namespace, request.name))
    return answers


async def _ask(
    cluster: Cluster, call: Call, made: set[tuple[str, str, str]], made_namespace: str, node: str
) -> DryRunAnswer:
    if why := _why_not(call, made, made_namespace, node):
        return DryRunAnswer(NOT_ASKED, why)
    request, note = call.request, ""
    if request.kind == "Node":
        request, note = replace(request, name=node), "of this node; which one is chosen only then"
    try:
        if request.verb != "create":
            live = await cluster.get(request.kind, request.name, request.namespace)
            if live is None:
                return DryRunAnswer(NOT_ASKED, "there is no such object before the run", note)
            request = _of(request, live)
        await cluster.dry_run(request)
    except ApiError as exc:
        return DryRunAnswer(REFUSED if exc.is_answer else NOT_ASKED, exc.message, note)
    return DryRunAnswer(ACCEPTED, note=note)


def _why_not(call: Call, made: set[tuple[str, str, str]], made_namespace: str, node: str) -> str:
    """Why the server cannot be asked about it; empty where it can."""
    request = call.request
    if call.command:
        return "a command on this machine"
    if call.undoing:
        return "it undoes what there is only then"
    of_made = ("Namespace", "", request.namespace) in made
    if of_made or (made_namespace and request.namespace.startswith(made_namespace)):
        return MADE_BY_THE_RUN
    if request.kind == "Node" and not node:
        return "no node may be looked at"
    if request.verb != "create" and (request.kind, request.namespace, request.name) in made:
        return "the run makes the object before"
    return ""


def _of(request: Request, live: Object) -> Request:
    """The request with UID and version of the real object, since the rehearsal's has others."""
    body, meta = request.body, live["metadata"]
    if request.verb == "delete" and "preconditions" in body:
        body = {**body, "preconditions": {"uid": meta["uid"]}}
    if request.verb == "evict":
        options = body.get("deleteOptions") or {}
        body = {**body, "deleteOptions": {**options, "preconditions": {"uid": meta["uid"]}}}
    if request.verb == "patch" and body.get("metadata"):
        kept = {key: value for key, value in body["metadata"].items() if key not in _OF_ITS_VERSION}
        body = {**body, "metadata": kept}
    return replace(request, body=body)
