"""Whose a labelled object is that something without a label owns: whoever took the label off said that it is his."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.cluster.client import API_VERSIONS, Cluster
from chaos.errors import ApiError
from chaos.model.object import Object

_CANNOT_LOOK = (403, 404)


async def living_owners(cluster: Cluster, found: Iterable[Object]) -> dict[str, Object]:
    """What owns these objects and is none of them, by UID; without those that are gone, which take them along.

    Args:
        cluster: that they are in.
        found: the objects; what may own them besides is asked for.
    """
    rows = list(found)
    here = {obj["metadata"]["uid"] for obj in rows}
    named = {
        str(owner["uid"]): _named(owner, obj)
        for obj in rows
        for owner in obj["metadata"].get("ownerReferences") or ()
        if owner["uid"] not in here
    }
    return {uid: owner for uid, owner in named.items() if await _lives(cluster, uid, owner)}


def _named(owner: Object, obj: Object) -> Object:
    meta = {"name": owner["name"], "namespace": obj["metadata"].get("namespace", ""), "uid": owner["uid"]}
    return {"kind": owner["kind"], "metadata": meta}


async def _lives(cluster: Cluster, uid: str, owner: Object) -> bool:
    """Whether it exists; a kind that this tool never makes, or may not read, is taken to exist and to be somebody's."""
    if owner["kind"] not in API_VERSIONS:
        return True
    try:
        found = await cluster.get(owner["kind"], owner["metadata"]["name"], owner["metadata"]["namespace"])
    except ApiError as exc:
        if exc.status not in _CANNOT_LOOK:
            raise
        return True
    return found is not None and found["metadata"]["uid"] == uid and not found["metadata"].get("deletionTimestamp")
