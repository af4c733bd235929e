"""What compares a cluster with before sees each field of each object, and lets pods be others only where they may."""

from __future__ import annotations

from typing import Any

import pytest

from kubesim.store import clone
from tests.unchanged import Everything, differences, everything_listed

OWNERS = [{"kind": "StatefulSet", "name": "web", "uid": "s"}]


def config_map(**meta: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n", "uid": "u", **meta}, "data": {"a": "b"}}


def pod(uid: str, **meta: Any) -> dict[str, Any]:
    meta = {"name": "web-0", "namespace": "n", "uid": uid, "labels": {"a": "b"}, "ownerReferences": OWNERS, **meta}
    return {"kind": "Pod", "metadata": meta, "spec": {"nodeName": uid}, "state": {"Ready": "True"}}


def everything(*objects: dict[str, Any]) -> Everything:
    return {(one["kind"], "n", one["metadata"]["name"]): clone(one) for one in objects}


@pytest.mark.parametrize(
    ("field", "value"),
    [("labels", {"a": "b"}), ("annotations", {"a": "b"}), ("finalizers", ["a/b"]), ("ownerReferences", OWNERS),
     ("uid", "another"), ("deletionTimestamp", "now")],
)  # fmt: skip
def test_each_part_of_the_metadata_counts(field: str, value: Any) -> None:
    found = differences(everything(config_map()), everything(config_map(**{field: value})))
    assert found == [f"ConfigMap n/c has another {field}"]


@pytest.mark.parametrize("field", ["spec", "data", "rules", "state"])
def test_each_other_part_counts(field: str) -> None:
    changed = {**config_map(), field: {"x": "y"}}
    assert differences(everything(config_map()), everything(changed)) == [f"ConfigMap n/c has another {field}"]


def test_what_is_new_and_what_is_gone_is_told() -> None:
    assert differences({}, everything(config_map())) == ["ConfigMap n/c is new"]
    assert differences(everything(config_map()), {}) == ["ConfigMap n/c is gone"]


def test_a_pod_may_be_another_only_where_somebody_names_it_and_only_with_a_successor_like_it() -> None:
    before = everything(pod("1"))
    assert differences(before, everything(pod("2"))) == ["Pod n/web-0 was replaced, which nobody had named"]
    assert differences(before, everything(pod("2")), lambda _: True) == []
    assert differences(before, {}, lambda _: True) == ["Pod n/web-0 has no successor like it"]
    other = everything(pod("2", labels={"a": "c"}))
    assert len(differences(before, other, lambda _: True)) == 2
    assert differences({}, before) == ["Pod n/web-0 has no predecessor like it"]
    assert differences(before, everything(pod("1", finalizers=["a/b"]))) == ["Pod n/web-0 has another finalizers"]


def listed(kind: str, **parts: Any) -> Everything:
    """One object as a real API server lists it."""
    meta = {"name": "x", "namespace": "n", "uid": "u", **parts.pop("metadata", {})}
    return everything_listed([{"kind": kind, "metadata": meta, **parts}])


@pytest.mark.parametrize(
    "parts",
    [{"spec": {"renewTime": "later"}}, {"metadata": {"resourceVersion": "2", "managedFields": [{"time": "later"}]}},
     {"status": {"observedGeneration": 2}}, {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3"}}}],
)  # fmt: skip
def test_what_controllers_of_a_real_cluster_write_all_the_time_does_not_count(parts: dict[str, Any]) -> None:
    assert differences(listed("Lease"), listed("Lease", **parts)) == []


def test_all_else_of_what_a_real_cluster_lists_counts() -> None:
    before = listed("Deployment", spec={"replicas": 2})
    assert differences(before, listed("Deployment", spec={"replicas": 0})) == ["Deployment n/x has another spec"]
    noted = listed("Deployment", spec={"replicas": 2}, metadata={"annotations": {"a": "b"}})
    assert differences(before, noted) == ["Deployment n/x has another annotations"]


def test_a_successor_is_like_its_pod_though_the_volume_of_its_token_has_another_name() -> None:
    before, after = (
        everything_listed([{**pod(uid), "spec": {"volumes": [{"name": f"kube-api-access-{uid * 5}"}]}}]) for uid in "ab"
    )
    assert differences(before, after, lambda _: True) == []
