"""Defaults: what a real kube-apiserver gave back for a manifest, field by field."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.registry import defaulted
from kubesim.fields.quantity import QuantityError, canonical, value
from kubesim.kinds import BY_KIND
from tests.kubesim.api.recording import COLLECTIONS, DEFAULTS, Row, ask_defaults, load, manifest_name

RECORDED = load(DEFAULTS)["objects"]


@pytest.mark.parametrize("row", RECORDED, ids=[manifest_name(row) for row in RECORDED])
def test_a_created_object_has_the_real_servers_defaults(row: Row, served: Any) -> None:
    (made,) = served(lambda lab: ask_defaults(lab.send, {"objects": [row]}))
    expected = copy.deepcopy(row)
    if expected.get("spec", {}).get("clusterIP", "None") != "None":
        expected["spec"] |= {key: made["spec"][key] for key in ("clusterIP", "clusterIPs")}
    assert made == expected


@pytest.mark.parametrize("row", RECORDED, ids=[manifest_name(row) for row in RECORDED])
def test_setting_defaults_twice_changes_nothing_more(row: dict[str, Any]) -> None:
    obj = copy.deepcopy(row["manifest"])
    defaulted(BY_KIND[obj["kind"]], obj, new=False)
    once = copy.deepcopy(obj)
    BY_KIND[obj["kind"]].defaults(obj)
    assert obj == once


def test_a_namespace_gets_its_name_label_and_the_kubernetes_finalizer(served: Any) -> None:
    made = served(lambda lab: lab.call("POST", "/api/v1/namespaces", {"metadata": {"name": "demo"}})).json
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "demo"}
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["status"] == {"phase": "Active"}


def test_service_addresses_repeat_with_the_seed_and_never_collide(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> list[str]:
        for i in range(40):
            lab.registry.create("Service", {**manifests["service"], "metadata": {"name": f"s{i}"}})
        return [s["spec"]["clusterIP"] for s in lab.store.list("Service")]

    first = served(scenario)
    assert len(set(first)) == 40
    assert all(address.startswith("10.96.") for address in first)
    assert served(scenario) == first


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1024Mi", "1Gi"), ("0.5", "500m"), ("1000m", "1"), ("1500Mi", "1500Mi"), ("1e3", "1e3"), ("0", "0"),
     ("2000", "2k"), ("0.1Gi", "107374182400m"), ("-1Gi", "-1Gi")],
)  # fmt: skip
def test_quantities_become_canonical(text: str, expected: str) -> None:
    assert canonical(text) == expected


@given(st.integers(0, 10**9), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_canonical_quantities_keep_their_value_and_stay_as_they_are(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert value(canonical(text)) == value(text)
    assert canonical(canonical(text)) == canonical(text)


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "1gi", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        canonical(text)


def test_a_statefulset_without_a_service_name_has_an_empty_one(served: Any, manifests: Any) -> None:
    spec = {key: value for key, value in manifests["sts"]["spec"].items() if key != "serviceName"}
    made = served(lambda lab: lab.call("POST", COLLECTIONS["StatefulSet"], {**manifests["sts"], "spec": spec}))
    assert made.json["spec"]["serviceName"] == ""
