"""CustomResourceDefinitions: their kinds are served while they are there."""

from __future__ import annotations

import asyncio
from typing import Any

AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
MERGE = {"Content-Type": "application/merge-patch+json"}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["color"],
            "properties": {
                "size": {"type": "integer", "default": 3, "minimum": 1},
                "color": {"type": "string", "enum": ["red", "blue"]},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    },
}
VERSION = {
    "name": "v1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": SCHEMA},
    "subresources": {"status": {}},
    "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
}
NAMES = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]}
DEFINITION = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {"group": "example.com", "scope": "Namespaced", "names": NAMES, "versions": [VERSION]},
}
RED = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"color": "red"}}


async def define(lab: Any) -> Any:
    made = await lab.call("POST", DEFINITIONS, DEFINITION)
    assert made.status == 201, made.text
    await asyncio.sleep(0)
    return (await lab.call("GET", DEFINITIONS + "/widgets.example.com")).json


def test_a_definition_is_established_and_its_kind_discovered(served: Any) -> None:
    async def scenario(lab: Any) -> list[Any]:
        before = await lab.call("GET", WIDGETS)
        defined = await define(lab)
        return [before, defined, (await lab.call("GET", "/apis/example.com/v1")).json]

    before, defined, discovered = served(scenario)
    assert before.status == 404
    assert {c["type"]: c["status"] for c in defined["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert defined["status"]["storedVersions"] == ["v1"]
    assert [row["name"] for row in discovered["resources"]] == ["widgets", "widgets/status"]


def test_an_object_is_pruned_defaulted_changed_watched_printed_and_deleted(served: Any) -> None:
    async def scenario(lab: Any) -> list[Any]:
        await define(lab)
        body = {**RED, "spec": {"color": "red", "unknown": 1, "free": {"a": 1}}, "status": {"phase": "Set by nobody"}}
        made = await lab.call("POST", WIDGETS, body)
        await lab.call("PATCH", WIDGETS + "/w", {"spec": {"size": 5}}, **MERGE)
        status = await lab.call(
            "PATCH", WIDGETS + "/w/status", {"status": {"phase": "Ready"}, "spec": {"size": 9}}, **MERGE
        )
        table = (await lab.call("GET", WIDGETS, Accept=AS_TABLE)).json
        gone = await lab.call("DELETE", WIDGETS + "/w")
        watched = await lab.call("GET", f"{WIDGETS}?watch=1&resourceVersion=3&timeoutSeconds=1")
        return [made, status, table, gone, watched]

    made, status, table, gone, watched = served(scenario)
    assert made.json["spec"] == {"color": "red", "free": {"a": 1}, "size": 3}
    assert "status" not in made.json
    assert (status.json["spec"]["size"], status.json["status"]) == (5, {"phase": "Ready"})
    assert status.json["metadata"]["generation"] == 2
    assert [row["cells"] for row in table["rows"]] == [["w", 5]]
    assert gone.json["status"] == "Success"
    assert [event["type"] for event in watched.lines] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]


def test_what_the_schema_does_not_allow_is_refused(served: Any) -> None:
    async def scenario(lab: Any) -> list[Any]:
        await define(lab)
        bad: tuple[dict[str, Any], ...] = (
            {"color": "green"},
            {"color": "red", "size": "a"},
            {"color": "red", "size": 0},
            {},
        )
        answers = [await lab.call("POST", WIDGETS, {**RED, "spec": spec}) for spec in bad]
        strict = await lab.call("POST", WIDGETS + "?fieldValidation=Strict", {**RED, "spec": {"color": "red", "x": 1}})
        await lab.call("POST", WIDGETS, RED)
        blind = {**RED, "metadata": {"name": "w"}}
        return [*answers, strict, await lab.call("PUT", WIDGETS + "/w", blind)]

    *answers, strict, blind = served(scenario)
    assert [answer.status for answer in (*answers, strict, blind)] == [422, 422, 422, 422, 400, 422]
    assert [answer.json["message"].partition("invalid: ")[2] for answer in answers] == [
        'spec.color: Unsupported value: "green": supported values: "red", "blue"',
        'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
        "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
        "spec.color: Required value",
    ]
    assert 'unknown field "spec.x"' in strict.json["message"]
    assert "metadata.resourceVersion" in blind.json["message"]


def test_a_definition_takes_its_objects_and_its_kind_with_it(served: Any) -> None:
    async def scenario(lab: Any) -> list[Any]:
        await define(lab)
        await lab.call("POST", WIDGETS, RED)
        await lab.call("DELETE", DEFINITIONS + "/widgets.example.com")
        await asyncio.sleep(0)
        return [lab.store.list("Widget"), (await lab.call("GET", WIDGETS)).status]

    assert served(scenario) == [[], 404]


def test_a_name_that_a_kind_has_already_is_not_accepted(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        spec = {**DEFINITION["spec"], "names": {"plural": "services", "kind": "Service"}}  # type: ignore[dict-item]
        await lab.call("POST", DEFINITIONS, {"metadata": {"name": "services.example.com"}, "spec": spec})
        await asyncio.sleep(0)
        services = await lab.call("GET", "/api/v1/namespaces/default/services")
        return services.status, (await lab.call("GET", DEFINITIONS + "/services.example.com")).json["status"]

    status, conditions = served(scenario)
    assert status == 200
    assert [c["message"] for c in conditions["conditions"]] == [
        '"Service" is already in use',
        "not all names are accepted",
    ]


def test_a_definition_is_refused_for_its_name_its_storage_version_and_a_missing_schema(served: Any) -> None:
    version = {key: value for key, value in VERSION.items() if key not in ("schema", "storage")}
    spec = {**DEFINITION["spec"], "versions": [version]}  # type: ignore[dict-item]
    answer = served(lambda lab: lab.call("POST", DEFINITIONS, {"metadata": {"name": "widgets"}, "spec": spec}))
    assert [cause["field"] for cause in answer.json["details"]["causes"]] == [
        "metadata.name",
        "spec.versions[0].schema.openAPIV3Schema",
        "spec.versions",
    ]


def test_two_servers_in_a_process_have_kinds_of_their_own(served: Any) -> None:
    assert served(define)["kind"] == "CustomResourceDefinition"
    assert served(lambda lab: lab.call("GET", WIDGETS)).status == 404
