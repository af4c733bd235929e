"""The index finds what a search of the whole store would find."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kubesim.controllers.index import Index
from kubesim.simclock import SimClock
from kubesim.store import Object, Store

NAMES = st.sampled_from("abcde")
OWNERS = st.sampled_from(["", "u1", "u2"])
STEPS = st.lists(st.tuples(st.sampled_from(["put", "remove"]), NAMES, OWNERS, st.sampled_from(["", "n1", "n2"])))


def make(name: str, owner: str, node: str) -> Object:
    meta: Object = {"name": name, "namespace": "default"}
    if owner:
        meta["ownerReferences"] = [{"kind": "X", "name": owner, "uid": owner, "controller": True}]
    return {"metadata": meta, "spec": {"nodeName": node} if node else {}}


def names(rows: list[Object]) -> list[str]:
    return [row["metadata"]["name"] for row in rows]


@given(STEPS)
def test_after_any_changes_the_index_agrees_with_the_store(steps: list[tuple[str, str, str, str]]) -> None:
    loop = asyncio.new_event_loop()
    store = Store(SimClock(loop, datetime(2026, 1, 1, tzinfo=UTC)), 0)
    loop.close()
    index = Index(store)
    created: list[str] = []
    for what, name, owner, node in steps:
        exists = store.get("Pod", "default", name) is not None
        if what == "put" and exists:
            store.update("Pod", make(name, owner, node))
        elif what == "put":
            store.create("Pod", make(name, owner, node))
            created.append(name)
        elif exists:
            store.remove("Pod", "default", name)
            created.remove(name)
    pods = store.list("Pod")
    assert names(index.in_namespace("Pod", "default")) == created
    for uid in ("u1", "u2"):
        owned = {
            p["metadata"]["name"] for p in pods if (p["metadata"].get("ownerReferences") or [{}])[0].get("uid") == uid
        }
        assert set(names(index.controlled("Pod", uid))) == owned
        assert {key[2] for key in index.dependents(uid)} == owned
    for node in ("n1", "n2"):
        assert {k[2] for k in index.pods_on(node)} == {
            p["metadata"]["name"] for p in pods if p["spec"].get("nodeName") == node
        }
    free = {p["metadata"]["name"] for p in pods if "ownerReferences" not in p["metadata"]}
    assert set(names(index.uncontrolled("Pod", "default"))) == free
    assert {index.key_of(p["metadata"]["uid"]) for p in pods} == {("Pod", "default", name) for name in created}
