"""Of more than a thousand mutated manifests each gets the same status and reason as from a real kube-apiserver."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kubesim.api.mutated.asking import Asker, Said
from tests.kubesim.api.mutated.capture import RECORDED
from tests.kubesim.api.mutated.mutations import Mutation, mutations

NAMESPACE = "api-mutations"
ROWS = {case: Said(*said) for case, *said in json.loads(RECORDED.read_text(encoding="utf-8"))["answers"]}
ASKED = tuple(mutations())
# Where the sandbox answers otherwise on purpose, and why.
DECIDED: dict[str, str] = {}


@pytest.fixture(scope="module")
def answers(served: Any) -> dict[str, Said]:
    """The sandbox's answers."""

    async def scenario(lab: Any) -> dict[str, Said]:
        lab.registry.create("Namespace", {"metadata": {"name": "kube-system"}})
        dns = {"clusterIP": "10.96.0.10", "ports": [{"port": 53}]}
        lab.registry.create("Service", {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": dns})
        asker = Asker(lab.http, lab.server.url, NAMESPACE)
        await asker.prepare()
        return await asker.ask(ASKED)

    found: dict[str, Said] = served(scenario)
    return found


def test_every_mutation_was_asked_of_the_real_server_and_there_are_enough() -> None:
    cases = [mutation.case for mutation in mutations()]
    assert len(set(cases)) == len(cases) >= 1000
    assert set(cases) == set(ROWS)
    refused = [said for said in ROWS.values() if said.status >= 400]
    assert len(refused) >= 800
    assert {said.status for said in refused} >= {400, 404, 409, 415, 422}


@pytest.mark.parametrize("mutation", ASKED, ids=[mutation.case for mutation in ASKED])
def test_the_sandbox_gives_the_real_servers_status_and_reason(mutation: Mutation, answers: dict[str, Said]) -> None:
    said, real = answers[mutation.case], ROWS[mutation.case]
    assert (said[:2] == real[:2]) is (mutation.case not in DECIDED), (said, real)
