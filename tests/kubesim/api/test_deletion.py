"""DELETE: grace periods, finalizers, preconditions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.api import deletion
from kubesim.store import StoreError, clone


def running(lab: Any, manifest: dict[str, Any], grace_s: int = 30) -> dict[str, Any]:
    """A pod on a node."""
    spec = {**manifest["spec"], "nodeName": "node-1", "terminationGracePeriodSeconds": grace_s}
    pod: dict[str, Any] = lab.registry.create("Pod", {**manifest, "spec": spec})
    return pod


def test_a_running_pod_stays_until_the_kubelet_deletes_it_once_more(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> None:
        pod = running(lab, manifests["pod"])
        marked = deletion.delete(lab.store, "Pod", "default", "p")
        assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:30Z"
        assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
        assert marked["metadata"]["generation"] == 2
        await asyncio.sleep(30)
        deletion.delete(lab.store, "Pod", "default", "p", grace_s=0, uid=pod["metadata"]["uid"])
        assert lab.store.get("Pod", "default", "p") is None

    served(scenario)


def test_a_second_delete_shortens_the_grace_period_and_never_lengthens_it(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> None:
        running(lab, manifests["pod"])
        deletion.delete(lab.store, "Pod", "default", "p")
        version = lab.store.revision
        deletion.delete(lab.store, "Pod", "default", "p", grace_s=60)
        assert lab.store.revision == version
        shorter = deletion.delete(lab.store, "Pod", "default", "p", grace_s=5)
        assert shorter["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:05Z"
        assert shorter["metadata"]["generation"] == 2

    served(scenario)


@pytest.mark.parametrize("case", ["force", "unscheduled", "finished", "no grace"])
def test_a_pod_that_nobody_stops_is_removed_at_once(case: str, served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> None:
        if case == "unscheduled":
            lab.registry.create("Pod", manifests["pod"])
        else:
            pod = running(lab, manifests["pod"], grace_s=0 if case == "no grace" else 30)
            if case == "finished":
                lab.store.update("Pod", {**pod, "status": {"phase": "Succeeded"}})
        deletion.delete(lab.store, "Pod", "default", "p", grace_s=0 if case == "force" else None)
        assert lab.store.get("Pod", "default", "p") is None

    served(scenario)


def test_a_finalizer_holds_an_object_until_an_update_takes_it_away(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> None:
        held = {**manifests["config"], "metadata": {**manifests["config"]["metadata"], "finalizers": ["example.com/x"]}}
        lab.registry.create("ConfigMap", held)
        marked = deletion.delete(lab.store, "ConfigMap", "default", "cm")
        assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"
        meta = {**marked["metadata"], "finalizers": []}
        deletion.update(lab.store, "ConfigMap", {**marked, "metadata": meta})
        assert lab.store.get("ConfigMap", "default", "cm") is None

    served(scenario)


@pytest.mark.parametrize(
    ("propagation", "finalizers"),
    [("Foreground", ["foregroundDeletion"]), ("Orphan", ["orphan"]), ("Background", None)],
)
def test_propagation_leaves_a_finalizer_for_the_garbage_collector(
    propagation: str, finalizers: list[str] | None, served: Any, manifests: Any
) -> None:
    async def scenario(lab: Any) -> Any:
        lab.registry.create("StatefulSet", manifests["sts"])
        deletion.delete(lab.store, "StatefulSet", "default", "web", propagation=propagation)
        left = lab.store.get("StatefulSet", "default", "web")
        return left and left["metadata"]["finalizers"]

    assert served(scenario) == finalizers


def test_a_namespace_terminates_refuses_new_objects_and_goes_when_it_is_finalized(served: Any) -> None:
    async def scenario(lab: Any) -> None:
        lab.registry.create("Namespace", {"metadata": {"name": "demo"}})
        marked = deletion.delete(lab.store, "Namespace", "", "demo")
        assert marked["status"]["phase"] == "Terminating"
        with pytest.raises(StoreError) as caught:
            lab.registry.create("ConfigMap", {"metadata": {"name": "late", "namespace": "demo"}})
        assert (caught.value.status, caught.value.reason) == (403, "Forbidden")
        answer = await lab.call("PUT", "/api/v1/namespaces/demo/finalize", {**marked, "spec": {"finalizers": []}})
        assert answer.status == 200
        assert lab.store.get("Namespace", "", "demo") is None

    served(scenario)


def test_a_terminating_object_gets_no_new_finalizers(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> tuple[int, str]:
        held = {**manifests["config"]["metadata"], "finalizers": ["x.example/a"]}
        lab.registry.create("ConfigMap", {"metadata": held})
        marked = clone(deletion.delete(lab.store, "ConfigMap", "default", "cm"))
        marked["metadata"]["finalizers"] += ["x.example/c", "x.example/b"]
        with pytest.raises(StoreError) as caught:
            lab.registry.update("ConfigMap", marked)
        return caught.value.status, caught.value.message

    status, message = served(scenario)
    assert status == 422
    assert message == (
        'ConfigMap "cm" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is '
        'being deleted, found new finalizers []string{"x.example/b", "x.example/c"}'
    )


@pytest.mark.parametrize("precondition", [{"uid": "other"}, {"resource_version": "1"}])
def test_a_precondition_that_fails_is_a_conflict(precondition: dict[str, str], served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> None:
        lab.registry.create("ConfigMap", manifests["config"])
        with pytest.raises(StoreError) as caught:
            deletion.delete(lab.store, "ConfigMap", "default", "cm", **precondition)  # type: ignore[arg-type]  # strings only
        assert (caught.value.status, caught.value.reason) == (409, "Conflict")
        assert lab.store.get("ConfigMap", "default", "cm") is not None

    served(scenario)


def test_what_is_not_there_is_not_found(served: Any) -> None:
    async def scenario(lab: Any) -> None:
        with pytest.raises(StoreError) as caught:
            deletion.delete(lab.store, "StatefulSet", "default", "web")
        assert caught.value.message == 'statefulsets.apps "web" not found'

    served(scenario)


def test_a_collection_is_deleted_by_selector(served: Any) -> None:
    async def scenario(lab: Any) -> list[str]:
        for name, labels in (("a", {"x": "1"}), ("b", {})):
            lab.registry.create("ConfigMap", {"metadata": {"name": name, "labels": labels}})
        await lab.call("DELETE", "/api/v1/namespaces/default/configmaps?labelSelector=x=1")
        return [obj["metadata"]["name"] for obj in lab.store.list("ConfigMap")]

    assert served(scenario) == ["b"]


def test_a_dry_run_in_the_query_does_not_count_beside_a_body(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> list[bool]:
        there = []
        for query, body in (("dryRun=All", None), ("dryRun=All", {"kind": "DeleteOptions", "apiVersion": "v1"})):
            lab.registry.create("ConfigMap", manifests["config"])
            await lab.call("DELETE", f"/api/v1/namespaces/default/configmaps/cm?{query}", body)
            there.append(lab.store.get("ConfigMap", "default", "cm") is not None)
            if there[-1]:
                lab.store.remove("ConfigMap", "default", "cm")
        return there

    assert served(scenario) == [True, False]
