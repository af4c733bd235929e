"""Patches of all three kinds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubesim.api import patch
from kubesim.api.schema import Schema, definitions
from kubesim.api.strategic_patch import strategic
from kubesim.store import StoreError

JSON_VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON_VALUES, max_size=3)


def difference(old: Any, new: Any) -> Any:
    """The merge patch that leads from one object to another."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    out: dict[str, Any] = {key: None for key in old if key not in new}
    return out | {key: difference(old.get(key), new[key]) for key in new if old.get(key) != new[key] or key not in old}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is no defect
@given(OBJECTS, OBJECTS)
def test_a_merge_patch_made_from_two_objects_leads_from_one_to_the_other(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert patch.merge(old, difference(old, new)) == new


def test_a_json_patch_applies_its_operations_in_order_and_leaves_the_original() -> None:
    original = {"a": [1, 2], "b": {"c/d": "x"}}
    operations = [
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "add", "path": "/a/0", "value": 0},
        {"op": "replace", "path": "/b/c~1d", "value": "y"},
        {"op": "copy", "from": "/a", "path": "/e"},
        {"op": "move", "from": "/b", "path": "/f"},
        {"op": "remove", "path": "/a/1"},
    ]
    assert patch.json_patch(original, operations) == {"a": [0, 2, 3], "e": [0, 1, 2, 3], "f": {"c/d": "y"}}
    assert original == {"a": [1, 2], "b": {"c/d": "x"}}


@pytest.mark.parametrize(
    "operation",
    [{"op": "remove", "path": "/z"}, {"op": "test", "path": "/a", "value": 2}, {"op": "nope", "path": "/a"},
     {"op": "add", "path": "/z/y", "value": 1}, {"path": "/a"}, {"op": "add", "path": "a", "value": 1}],
)  # fmt: skip
def test_a_json_patch_that_cannot_be_applied_is_invalid(operation: dict[str, Any]) -> None:
    with pytest.raises(StoreError) as caught:
        patch.json_patch({"a": 1}, [operation])
    assert (caught.value.status, caught.value.reason) == (422, "Invalid")


@pytest.fixture
def pod_spec() -> Schema:
    return definitions()["io.k8s.api.core.v1.PodSpec"]


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


def test_lists_merge_by_their_merge_key(pod_spec: Schema) -> None:
    old = {"containers": [{"name": "a", "image": "1", "tty": True}, {"name": "b", "image": "1"}]}
    new = strategic(old, {"containers": [{"name": "a", "image": "2"}, {"name": "c", "image": "3"}]}, pod_spec)
    assert new["containers"] == [
        {"name": "a", "image": "2", "tty": True},
        {"name": "b", "image": "1"},
        {"name": "c", "image": "3"},
    ]


def test_an_item_is_deleted_by_a_directive(pod_spec: Schema) -> None:
    old = {"containers": [{"name": "a"}, {"name": "b"}]}
    assert strategic(old, {"containers": [{"name": "a", "$patch": "delete"}]}, pod_spec) == {
        "containers": [{"name": "b"}]
    }


def test_a_list_is_replaced_by_a_directive(pod_spec: Schema) -> None:
    old = {"containers": [{"name": "a"}, {"name": "b"}]}
    new = strategic(old, {"containers": [{"$patch": "replace"}, {"name": "c"}]}, pod_spec)
    assert new == {"containers": [{"name": "c"}]}


def test_an_atomic_list_is_replaced(pod_spec: Schema) -> None:
    new = strategic({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]}, pod_spec)
    assert new == {"tolerations": [{"key": "b"}]}


def test_set_element_order_orders_what_it_names_and_keeps_the_place_of_the_rest(pod_spec: Schema) -> None:
    old = {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}
    change = {
        "$setElementOrder/containers": [{"name": "d"}, {"name": "c"}, {"name": "a"}],
        "containers": [{"name": "d"}],
    }
    assert names(strategic(old, change, pod_spec)["containers"]) == ["d", "b", "c", "a"]


def test_retain_keys_drops_the_other_keys_of_a_union(pod_spec: Schema) -> None:
    old = {"volumes": [{"name": "v", "emptyDir": {}}]}
    change = {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/data"}}]}
    assert strategic(old, change, pod_spec) == {"volumes": [{"name": "v", "hostPath": {"path": "/data"}}]}


def test_primitives_are_deleted_from_and_added_to_a_merging_list() -> None:
    meta = definitions()["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]
    change = {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["b", "c"]}
    assert strategic({"finalizers": ["a", "b"]}, change, meta) == {"finalizers": ["b", "c"]}


def test_a_null_removes_a_field_and_a_map_can_be_replaced(pod_spec: Schema) -> None:
    old = {"nodeSelector": {"a": "1"}, "hostname": "h"}
    change = {"nodeSelector": {"$patch": "replace", "b": "2"}, "hostname": None}
    assert strategic(old, change, pod_spec) == {"nodeSelector": {"b": "2"}}


@pytest.mark.parametrize("media_type", [patch.MERGE, patch.STRATEGIC])
def test_a_patch_goes_through_validation_and_bumps_the_generation(media_type: str, served: Any, manifests: Any) -> None:
    path = "/apis/apps/v1/namespaces/default/statefulsets/web"

    async def scenario(lab: Any) -> tuple[Any, Any]:
        lab.registry.create("StatefulSet", manifests["sts"])
        good = await lab.call("PATCH", path, {"spec": {"replicas": 3}}, **{"Content-Type": media_type})
        bad = await lab.call("PATCH", path, {"spec": {"serviceName": "nope"}}, **{"Content-Type": media_type})
        return good, bad

    good, bad = served(scenario)
    assert (good.json["spec"]["replicas"], good.json["metadata"]["generation"]) == (3, 2)
    assert (bad.status, bad.json["details"]["causes"][0]["field"]) == (422, "spec.serviceName")


def test_server_side_apply_is_refused_by_name(served: Any) -> None:
    path = "/api/v1/namespaces/default/configmaps/cm"
    answer = served(lambda lab: lab.call("PATCH", path, "{}", **{"Content-Type": patch.APPLY}))
    assert answer.status == 415
    assert "server-side apply" in answer.json["message"]
