"""What metadata.generation counts, as seen on kube-apiserver 1.34.4."""

from __future__ import annotations

from typing import Any

from kubesim.api import deletion
from kubesim.store import clone


def _changed(lab: Any, kind: str, name: str, **fields: Any) -> int:
    """The generation after an update of some top-level fields and metadata."""
    obj = clone(lab.store.get(kind, "default", name))
    obj["metadata"].update(fields.pop("metadata", {}))
    obj.update(fields)
    return int(lab.store.update(kind, obj)["metadata"]["generation"])


def test_binding_a_pod_does_not_count_but_its_spec_and_deletion_do(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> list[int]:
        spec = lab.registry.create("Pod", manifests["pod"])["spec"]
        bound = {**spec, "nodeName": "node-1"}
        seen = [_changed(lab, "Pod", "p", spec=bound)]
        seen.append(_changed(lab, "Pod", "p", status={"phase": "Running"}))
        seen.append(_changed(lab, "Pod", "p", spec={**bound, "activeDeadlineSeconds": 5}))
        seen.append(deletion.delete(lab.store, "Pod", "default", "p")["metadata"]["generation"])
        return seen

    assert served(scenario) == [1, 1, 2, 3]


def test_an_endpoint_slice_counts_all_but_annotations_and_finalizers(served: Any) -> None:
    async def scenario(lab: Any) -> list[int]:
        lab.registry.create("EndpointSlice", {"metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": []})
        return [
            _changed(lab, "EndpointSlice", "s", metadata={"labels": {"a": "b"}}),
            _changed(lab, "EndpointSlice", "s", metadata={"annotations": {"a": "b"}}),
            _changed(lab, "EndpointSlice", "s", endpoints=[{"addresses": ["10.244.1.5"]}]),
            _changed(lab, "EndpointSlice", "s", ports=[{"name": "x", "port": 1, "protocol": "TCP"}]),
            _changed(lab, "EndpointSlice", "s", metadata={"finalizers": ["x.example/a"]}),
            deletion.delete(lab.store, "EndpointSlice", "default", "s")["metadata"]["generation"],
        ]

    assert served(scenario) == [2, 2, 3, 4, 4, 5]
