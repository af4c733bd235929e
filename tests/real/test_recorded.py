"""The real API server is asked again for everything that is recorded of its version, so that no record can rot."""

from __future__ import annotations

import os

import pytest

from chaos.cluster.client import Cluster
from tests.kubesim.api import versions
from tests.kubesim.api.capture import ask_everything


async def test_the_real_server_still_answers_everything_as_recorded_of_its_version(cluster: Cluster) -> None:
    minor = versions.minor_of(cluster.version)
    if minor not in versions.known():
        pytest.skip(f"rules change with the version: nothing is recorded of {cluster.version}")
    found, expected = await ask_everything(cluster, f"chaos-recorded-{os.getpid()}"), versions.expected(minor)
    for part in versions.PARTS:
        differing = {
            case: (answer, expected[part].get(case))
            for case, answer in found[part].items()
            if case not in versions.OF_AGE
            and versions.shown(part, answer) != versions.shown(part, expected[part].get(case))
        }
        assert not differing, part
        assert found[part].keys() == expected[part].keys()
