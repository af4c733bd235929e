"""Whatever a request says, it is created or refused with a reason; it never ends in an internal error."""

from __future__ import annotations

import asyncio
import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubesim.api import table
from kubesim.api.handlers import Handlers
from kubesim.api.protobuf import decode
from kubesim.api.registry import Registry
from kubesim.api.target import Target
from kubesim.kinds import BY_KIND
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Store, StoreError
from kubesim.virtual import run_virtual
from tests.kubesim.api.generic_kinds import SAMPLES
from tests.kubesim.api.test_custom_kinds import DEFINITION

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MANIFESTS = [
    row["manifest"]
    for row in json.loads(Path(__file__).with_name("recorded_defaults.json").read_text(encoding="utf-8"))["objects"]
]
MANIFESTS += [{"kind": sample.kind, "metadata": {"name": "one"}, **sample.body} for sample in SAMPLES]
MANIFESTS += [{"kind": "CustomResourceDefinition", **DEFINITION}]
EXPRESSIONS = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["nginx"]}]}
JUNK = st.sampled_from([None, True, 0, -1, 70000, 1.5, "", "x", "Bad Name", "1Gi", [], [None], ["x"], {}, {"a": None}, {"a": "b"}, EXPRESSIONS])  # fmt: skip  # noqa: E501


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All paths into an object."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A good manifest with some of its values replaced or removed."""
    obj: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(MANIFESTS)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(obj) if p[0] != "kind"] or [("spec",)]))
        parent: Any = obj
        for key in path[:-1]:
            parent = parent[key]
        if draw(st.booleans()) and isinstance(parent, dict):
            parent.pop(path[-1], None)
        else:
            parent[path[-1]] = copy.deepcopy(draw(JUNK))
    return obj


async def _create_and_print(obj: dict[str, Any]) -> None:
    store = Store(SimClock(asyncio.get_running_loop(), NOW), 1)
    registry = Registry(store, Model(1, ()))
    registry.create("Namespace", {"metadata": {"name": "default"}})
    resource = BY_KIND[obj["kind"]].resource
    try:
        made = Handlers(registry).create(Target(resource, "default"), {}, json.dumps(obj).encode())
    except StoreError as exc:
        assert 400 <= exc.status < 500, exc.message  # noqa: PT017  # whether it is raised is what varies
        return
    table.table(BY_KIND[obj["kind"]], [made], NOW)
    changed = copy.deepcopy(made)
    registry.update(resource.kind, changed)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(damaged())
def test_a_damaged_manifest_is_created_or_refused_with_a_reason(obj: dict[str, Any]) -> None:
    run_virtual(_create_and_print(obj))


@pytest.mark.parametrize("requirement", [{}, {"key": "a"}, {"operator": "In"}, {"key": "a", "operator": "In"}])
def test_half_a_selector_requirement_is_invalid(requirement: dict[str, Any], served: Any, manifests: Any) -> None:
    spec = {**manifests["sts"]["spec"], "selector": {"matchExpressions": [requirement]}}
    path = "/apis/apps/v1/namespaces/default/statefulsets"
    answer = served(lambda lab: lab.call("POST", path, {**manifests["sts"], "spec": spec}))
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_damaged_protobuf_is_a_bad_request(data: bytes) -> None:
    try:
        decode(b"k8s\x00" + data, "io.k8s.api.core.v1.Pod")
    except StoreError as exc:
        assert exc.status == 400  # noqa: PT017  # whether it is raised is what varies


def test_a_body_that_is_no_protobuf_says_so() -> None:
    with pytest.raises(StoreError, match="does not appear to be a protobuf message"):
        decode(b"{}", "io.k8s.api.core.v1.Pod")
