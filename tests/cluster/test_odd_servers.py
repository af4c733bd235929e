"""A server, or what stands before it, that answers what no API server answers: an error that says so, and no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.aio.client.exceptions import ApiException

from chaos.cluster.client import Cluster
from chaos.cluster.failures import api_errors, causes, retry_after_s, status_object
from chaos.cluster.sound import check_object
from chaos.errors import ApiError
from chaos.model.object import Object
from tests.diagnose.clusters import Place, run

META: Object = {"name": "n", "uid": "u"}
ODD: list[Any] = [
    None, "x", [], {}, {"metadata": None}, {"metadata": []}, {"metadata": {"name": "n"}},
    {"metadata": {**META, "uid": None}}, {"metadata": {**META, "name": 7}}, {"metadata": {**META, "labels": ["x"]}},
    {"metadata": {**META, "annotations": "x"}}, {"metadata": {**META, "ownerReferences": {"uid": "u"}}},
    {"metadata": {**META, "ownerReferences": [None]}}, {"metadata": {**META, "managedFields": ["x"]}},
    {"metadata": META, "spec": []}, {"metadata": META, "data": "x"},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
def test_what_is_no_object_is_refused_by_its_types(odd: Any) -> None:
    with pytest.raises(TypeError):
        check_object(odd)


def test_parts_that_are_null_are_as_good_as_none() -> None:
    check_object({"metadata": {**META, "labels": None, "ownerReferences": None}, "spec": None})


@pytest.mark.parametrize("answer", [{"metadata": {}}, {"items": [None]}, {"items": {"a": 1}}, {"items": []}, {}])
def test_answers_without_what_all_have_are_errors_of_the_server(
    answer: Object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(place: Place) -> None:
        async def odd(*_args: Any, **_more: Any) -> Object:
            return answer

        monkeypatch.setattr(Cluster, "_call", odd)
        for asked in (place.cluster.get("Pod", "p", "n"), place.cluster.list("Pod", "n")):
            with pytest.raises(ApiError, match="what no Kubernetes API server answers"):
                await asked
        monkeypatch.undo()

    run(story)


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "[]", "7", '{"details":["x"]}', '{"details":{"causes":{"a":1}}}', "\x00"]
)
def test_whatever_stands_in_an_errors_body_it_is_read_as_far_as_it_goes(body: str) -> None:
    said = status_object(body)
    assert causes(said) == []
    assert retry_after_s({}, said) == 0.0
    assert retry_after_s({"Retry-After": "Fri, 31 Dec 99999 23:59:59 GMT"}, said) == 0.0


def test_what_a_server_says_stays_on_its_line() -> None:
    """As an admission webhook may say it: it is no hint, and no line of this tool's."""
    said = ApiException(
        status=400, reason="Bad\r\nRequest", body='{"message":"no\\n  then: rm -rf /\\u2028run r1: undone"}'
    )
    with pytest.raises(ApiError) as caught, api_errors("creating Pod p", "https://h"):
        raise said
    assert caught.value.message.isprintable()
    assert str(caught.value) == caught.value.message
