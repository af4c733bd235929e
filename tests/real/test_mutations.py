"""The real API server is asked again for every mutated manifest, so that what is recorded of it cannot rot."""

from __future__ import annotations

import json
import os
import re

import pytest

from chaos.cluster import Cluster
from tests.sandbox.api.mutated.asking import Said
from tests.sandbox.api.mutated.capture import RECORDED, ask_cluster


async def test_the_real_server_still_answers_every_mutation_as_recorded(cluster: Cluster) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    if _minor(cluster.version) != _minor(recorded["server"]):
        pytest.skip(f"recorded of {recorded['server']}, and rules change with the version: this is {cluster.version}")
    found = await ask_cluster(cluster, f"chaos-mutations-{os.getpid()}")
    expected = {case: Said(*said)[:2] for case, *said in recorded["answers"]}
    differing = {case: (said, expected.get(case)) for case, said in found.items() if said[:2] != expected.get(case)}
    assert not differing
    assert found.keys() == expected.keys()


def _minor(version: str) -> str:
    return "".join(re.findall(r"v(\d+\.\d+)", version))
