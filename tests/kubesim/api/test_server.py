"""Discovery, authentication, scale, tables: the rest of what a client sees."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from kubesim.fields.durations import age, human
from kubesim.kinds import RESOURCES

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
SCALE = "/apis/apps/v1/namespaces/default/statefulsets/web/scale"


def test_every_kind_is_discovered_with_its_verbs_and_subresources(served: Any) -> None:
    async def scenario(lab: Any) -> dict[tuple[str, str], Any]:
        listed = (await lab.call("GET", "/apis")).json["groups"]
        groups = [("api", "v1"), *(("apis", group["preferredVersion"]["groupVersion"]) for group in listed)]
        found: dict[tuple[str, str], Any] = {}
        for root, version in groups:
            listed = (await lab.call("GET", f"/{root}/{version}")).json
            found |= {(version, r["name"]): r for r in listed["resources"]}
        return found

    found = served(scenario)
    for resource in RESOURCES:
        entry = found[resource.api_version, resource.plural]
        assert (entry["kind"], entry["namespaced"]) == (resource.kind, resource.namespaced)
        assert {"get", "list", "watch", "create", "update", "patch", "delete"} <= set(entry["verbs"])
        for subresource in resource.subresources:
            assert (resource.api_version, f"{resource.plural}/{subresource}") in found
    assert found["apps/v1", "statefulsets/scale"]["kind"] == "Scale"


@pytest.mark.parametrize("path", ["/version", "/healthz", "/readyz", "/livez", "/api", "/apis", "/openapi/v3"])
def test_a_servers_own_pages_are_there(path: str, served: Any) -> None:
    assert served(lambda lab: lab.call("GET", path)).status == 200


def test_openapi_says_that_writes_understand_field_validation(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        index = (await lab.call("GET", "/openapi/v3")).json["paths"]
        return (await lab.call("GET", index["apis/apps/v1"]["serverRelativeURL"])).json

    document = served(scenario)
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}"]["patch"]
    assert "fieldValidation" in [p["name"] for p in patch["parameters"]]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "StatefulSet"}
    assert "io.k8s.api.apps.v1.StatefulSet" in document["components"]["schemas"]


@pytest.mark.parametrize(
    ("sent", "status"), [({}, 401), ({"Authorization": "Bearer x"}, 401), ({"Authorization": "Bearer t"}, 200)]
)
def test_a_request_needs_the_token(sent: dict[str, str], status: int, served: Any) -> None:
    answer = served(lambda lab: lab.call("GET", "/api/v1/namespaces", **sent), token="t")
    assert answer.status == status
    if status == 401:
        assert answer.json["reason"] == "Unauthorized"


def test_the_token_may_stand_in_the_path(served: Any) -> None:
    """Since kubectl sends no token over plain HTTP."""

    async def scenario(lab: Any) -> tuple[int, int, str]:
        right = await lab.call("GET", "/t/api/v1/namespaces")
        wrong = await lab.call("GET", "/x/api/v1/namespaces")
        index = (await lab.call("GET", "/t/openapi/v3")).json["paths"]
        return right.status, wrong.status, index["api/v1"]["serverRelativeURL"]

    assert served(scenario, token="t") == (200, 401, "/t/openapi/v3/api/v1?hash=1.37")


def test_health_needs_no_token(served: Any) -> None:
    assert served(lambda lab: lab.call("GET", "/readyz"), token="t").text == "ok"


def test_a_scale_is_a_view_of_a_workload(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> tuple[Any, Any, Any]:
        lab.registry.create("StatefulSet", manifests["sts"])
        before = (await lab.call("GET", SCALE)).json
        scaled = {**before, "spec": {"replicas": 5}}
        after = await lab.call("PUT", SCALE, scaled)
        stale = await lab.call("PUT", SCALE, scaled)
        return lab.store.get("StatefulSet", "default", "web"), after, stale

    workload, after, stale = served(scenario)
    assert workload["spec"]["replicas"] == after.json["spec"]["replicas"] == 5
    assert after.json["status"]["selector"] == "app=x"
    assert (stale.status, stale.json["reason"]) == (409, "Conflict")


def test_the_status_subresource_writes_status_alone_and_the_object_everything_else(served: Any, manifests: Any) -> None:
    path = "/apis/apps/v1/namespaces/default/statefulsets/web"

    async def scenario(lab: Any) -> tuple[Any, Any]:
        lab.registry.create("StatefulSet", manifests["sts"])
        body = {**manifests["sts"], "status": {"replicas": 2}}
        body["spec"] = {**body["spec"], "replicas": 9}
        by_status = (await lab.call("PUT", f"{path}/status", body)).json
        body["status"] = {"replicas": 7}
        return by_status, (await lab.call("PUT", path, body)).json

    by_status, by_object = served(scenario)
    assert (by_status["spec"]["replicas"], by_status["status"]) == (1, {"replicas": 2})
    assert (by_object["spec"]["replicas"], by_object["status"]) == (9, {"replicas": 2})
    assert (by_status["metadata"]["generation"], by_object["metadata"]["generation"]) == (1, 2)


def test_a_dry_run_answers_as_if_and_changes_nothing(served: Any, manifests: Any) -> None:
    path = "/api/v1/namespaces/default/configmaps"

    async def scenario(lab: Any) -> tuple[int, int, int]:
        made = await lab.call("POST", f"{path}?dryRun=All", manifests["config"])
        count = len(lab.store.list("ConfigMap"))
        lab.registry.create("ConfigMap", manifests["config"])
        await lab.call("DELETE", f"{path}/cm?dryRun=All")
        return made.status, count, len(lab.store.list("ConfigMap"))

    assert served(scenario) == (201, 0, 1)


def test_generated_names_repeat_with_the_seed(served: Any) -> None:
    async def scenario(lab: Any) -> str:
        body = {"metadata": {"generateName": "web-"}}
        name: str = (await lab.call("POST", "/api/v1/namespaces/default/configmaps", body)).json["metadata"]["name"]
        return name

    first = served(scenario)
    assert len(first) == len("web-") + 5
    assert served(scenario) == first


@pytest.mark.parametrize(
    ("selector", "names"),
    [("a=1", ["x"]), ("a!=1", ["y", "z"]), ("a", ["x", "y"]), ("!a", ["z"]), ("a in (1,2),b", ["y"]),
     ("a notin (1)", ["y", "z"]), ("a>1", ["y"])],
)  # fmt: skip
def test_label_selectors_choose(selector: str, names: list[str], served: Any) -> None:
    async def scenario(lab: Any) -> list[str]:
        for name, labels in (("x", {"a": "1"}), ("y", {"a": "2", "b": ""}), ("z", {})):
            lab.registry.create("ConfigMap", {"metadata": {"name": name, "labels": labels}})
        path = lab.http._build_url(f"{lab.server.url}/api/v1/configmaps").with_query(labelSelector=selector)
        answer = await lab.call("GET", path.path_qs)
        return [item["metadata"]["name"] for item in answer.json["items"]]

    assert served(scenario) == names


def test_field_selectors_choose_pods_by_node_and_phase(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> list[int]:
        lab.registry.create("Pod", manifests["pod"])
        path = "/api/v1/pods?fieldSelector="
        chosen = ("spec.nodeName=", "spec.nodeName!=", "status.phase=Pending,metadata.name=p", "status.phase!=Pending")
        return [len((await lab.call("GET", path + selector)).json["items"]) for selector in chosen]

    assert served(scenario) == [1, 0, 1, 0]


def test_a_pod_table_says_what_kubectl_prints(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> Any:
        pod = lab.registry.create("Pod", manifests["pod"])
        running = {"name": "c", "ready": True, "restartCount": 2, "state": {"running": {}}}
        status = {"phase": "Running", "podIPs": [{"ip": "10.244.1.5"}], "containerStatuses": [running]}
        lab.store.update("Pod", {**pod, "status": status, "spec": {**pod["spec"], "nodeName": "node-1"}})
        return (await lab.call("GET", "/api/v1/namespaces/default/pods", Accept=TABLE)).json

    table = served(scenario)
    (row,) = table["rows"]
    assert row["cells"] == ["p", "1/1", "Running", "2", "0s", "10.244.1.5", "node-1", "<none>", "<none>"]
    assert [c["name"] for c in table["columnDefinitions"] if not c["priority"]] == [
        "Name", "Ready", "Status", "Restarts", "Age",
    ]  # fmt: skip
    assert row["object"]["kind"] == "PartialObjectMetadata"


@pytest.mark.parametrize(
    ("kind", "path", "cells"),
    [("service", "/api/v1/namespaces/default/services",
      ["web", "ClusterIP", "None", "<none>", "80/TCP", "0s", "<none>"]),
     ("sts", "/apis/apps/v1/namespaces/default/statefulsets", ["web", "0/1", "0s", "c", "nginx:1"]),
     ("config", "/api/v1/namespaces/default/configmaps", ["cm", 1, "0s"])],
)  # fmt: skip
def test_other_tables_say_what_kubectl_prints(
    kind: str, path: str, cells: list[Any], served: Any, manifests: Any
) -> None:
    async def scenario(lab: Any) -> Any:
        body = manifests[kind]
        if kind == "service":
            body = {**body, "spec": {**body["spec"], "clusterIP": "None"}}
        await lab.call("POST", path, body)
        return (await lab.call("GET", path, Accept=TABLE)).json["rows"][0]["cells"]

    assert served(scenario) == cells


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (185, "3m5s"), (3600, "60m"), (3 * 3600, "3h"), (3 * 3600 + 60, "3h1m"),
     (86400, "24h"), (2 * 86400, "2d"), (3 * 86400 + 3600, "3d1h"), (800 * 86400, "2y70d")],
)  # fmt: skip
def test_ages_read_as_kubectls(seconds: int, text: str) -> None:
    assert human(seconds) == text


def test_an_unknown_age_says_so() -> None:
    assert age(None, datetime(2026, 1, 1, tzinfo=UTC)) == "<unknown>"


def test_a_body_over_the_limit_is_refused(served: Any) -> None:
    async def scenario(lab: Any) -> tuple[int, str]:
        body = io.BytesIO(b"x" * 3_200_000)
        async with lab.http.post(f"{lab.server.url}/api/v1/namespaces/default/configmaps", data=body) as response:
            return response.status, (await response.json())["reason"]

    assert served(scenario) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize(
    ("subresource", "instead"),
    [("portforward", "kubectl exec p -- wget"), ("ephemeralcontainers", "kubectl exec p -- ")],
)
def test_what_only_real_pods_have_is_refused_with_the_form_that_works(
    subresource: str, instead: str, served: Any, manifests: Any
) -> None:
    async def scenario(lab: Any) -> Any:
        lab.registry.create("Pod", manifests["pod"])
        return await lab.call("GET", f"/api/v1/namespaces/default/pods/p/{subresource}")

    answer = served(scenario)
    assert (answer.status, answer.json["reason"]) == (501, "NotImplemented")
    assert answer.json["message"].startswith(f"the sandbox has no pods/{subresource}: ")
    assert instead in answer.json["message"]


def test_a_path_that_is_not_there_is_not_found_whatever_the_client_accepts(served: Any) -> None:
    answer = served(lambda lab: lab.call("GET", "/openapi/v2", Accept="application/x"))
    assert (answer.status, answer.text) == (404, "404 page not found\n")
