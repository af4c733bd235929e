"""Requests that a real kube-apiserver answered, most of them bad: the sandbox answers the same.

`capture.py` recorded them on realk8s; what differs on purpose (see kubesim/api/__init__.py) is not in the files.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubesim.api.recording import ANSWERS, Row, ask, load

RECORDED = [load(path) for path in ANSWERS]
ROWS = [row for recorded in RECORDED for row in recorded["answers"]]
NAMESPACE = "api-cmp"


@pytest.fixture(scope="module")
def answers(served: Any) -> dict[str, Row]:
    """The sandbox's answers to all requests, made in the recorded order; each file is asked of its own server."""
    found: dict[str, Row] = {}
    for recorded in RECORDED:
        found |= {row["case"]: row for row in served(_asking(recorded))}
    return found


def _asking(recorded: dict[str, Any]) -> Any:
    async def scenario(lab: Any) -> list[Row]:
        lab.registry.create("Namespace", {"metadata": {"name": "kube-system"}})
        dns = {"clusterIP": "10.96.0.10", "ports": [{"port": 53}]}
        lab.registry.create("Service", {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": dns})

        return await ask(lab.send, recorded, NAMESPACE)

    return scenario


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_the_sandbox_answers_as_the_real_server_did(row: Row, answers: dict[str, Row]) -> None:
    assert answers[row["case"]] == row


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
