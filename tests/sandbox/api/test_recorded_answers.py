"""Requests that a real kube-apiserver 1.34.4 answered, most of them bad: the sandbox answers the same.

The two files were recorded on realk8s; `recorded_kinds.json` is about the kinds that failure experiments need. Of
messages that contain a Go diff of internal types, only the first line is kept; what differs on purpose (see
chaos/sandbox/api/__init__.py) is not in the files.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

RECORDED = [
    json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    for name in ("recorded_answers.json", "recorded_kinds.json")
]
ROWS = [row for recorded in RECORDED for row in recorded["answers"]]
NAMESPACE = "api-cmp"
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def here(value: Any) -> Any:
    return json.loads(json.dumps(value).replace("{ns}", NAMESPACE))


@pytest.fixture(scope="module")
def answers(served: Any) -> dict[str, Any]:
    """The sandbox's answers to all requests, made in the recorded order; each file is asked of its own server."""
    found: dict[str, Any] = {}
    for recorded in RECORDED:
        found |= served(_asking(recorded))
    return found


def _asking(recorded: dict[str, Any]) -> Any:
    async def scenario(lab: Any) -> dict[str, Any]:
        lab.registry.create("Namespace", {"metadata": {"name": "kube-system"}})
        dns = {"clusterIP": "10.96.0.10", "ports": [{"port": 53}]}
        lab.registry.create("Service", {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": dns})
        for step in recorded["setup"]:
            created = await lab.call("POST", here(step["path"]), here(step["body"]))
            assert created.status == 201, created.text
        found: dict[str, Any] = {}
        for row in recorded["answers"]:
            path = here(row["path"])
            answer = await lab.call(row["method"], path, here(row.get("body")), **row.get("headers", {}))
            found[row["case"]] = answer
            made = answer.json if answer.status == 201 else {}
            if row["method"] == "POST" and made.get("kind") != "Status" and made and "dryRun" not in path:
                await lab.call("DELETE", f"{path.partition('?')[0]}/{made['metadata']['name']}")
        return found

    return scenario


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_the_sandbox_answers_as_the_real_server_did(row: dict[str, Any], answers: dict[str, Any]) -> None:
    answer = answers[row["case"]]
    assert answer.status == row["status"], answer.text
    if row["status"] < 400 or answer.headers["Content-Type"].startswith("text/plain"):
        return
    status = answer.json
    message = UID.sub("{uid}", status["message"]).replace(NAMESPACE, "{ns}")
    causes = [cause.get("field", "") for cause in status.get("details", {}).get("causes", ())]
    assert (status.get("reason", ""), message, causes) == (row["reason"], row["message"], row["causes"])


def test_unknown_fields_are_pruned_and_named_in_a_warning(served: Any, manifests: Any) -> None:
    body = {**manifests["config"], "foo": 1, "bar": 2}
    path = "/api/v1/namespaces/default/configmaps"
    answer = served(lambda lab: lab.call("POST", path + "?fieldValidation=Warn", body))
    assert answer.status == 201
    assert "foo" not in answer.json
    assert answer.headers.getall("Warning") == ['299 - "unknown field \\"foo\\""', '299 - "unknown field \\"bar\\""']


def test_a_repeated_field_is_refused_when_strict(served: Any) -> None:
    body = '{"metadata":{"name":"x"},"data":{"a":"b","a":"c"}}'
    path = "/api/v1/namespaces/default/configmaps?fieldValidation=Strict"
    answer = served(lambda lab: lab.call("POST", path, body))
    assert answer.status == 400
    assert 'duplicate field "data.a"' in answer.json["message"]
