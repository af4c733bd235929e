"""``--identify redis``: a real Redis client asks a workload of one's own who answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_adoption import OPTIONS, adopted, manifests, verdicts

REDIS = replace(OPTIONS, identify="redis")


def redis(*arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Standalone servers in the shape of the unit's web."""
    service, statefulset = manifests()
    service["spec"]["ports"] = [{"port": 6379, "name": "redis"}]
    container = {
        "name": "redis",
        "image": "redis:7-alpine",
        "args": ["redis-server", *arguments],
        "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"containerPort": 6379, "name": "redis"}],
        "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 1},
    }
    statefulset["spec"]["template"]["spec"]["containers"] = [container]
    return service, statefulset


@pytest.mark.parametrize("setting", ["--cluster-announce-hostname", "--replica-announce-ip"])
def test_a_server_that_announces_its_name_says_who_answers(tmp_path: Path, setting: str) -> None:
    ran, _ = adopted(tmp_path, *redis(setting, "$(POD_NAME).web.mine.svc.cluster.local"), REDIS)
    assert verdicts(ran) == dict.fromkeys(verdicts(ran), "ok")
    answered = {o.values for o in ran.history.outcomes if o.status == "OK" and o.phase == "query"}
    assert answered == {("web-0",), ("web-1",), ("web-2",)}


def test_a_server_that_was_told_no_name_is_not_said_to_be_anybody(tmp_path: Path) -> None:
    ran, _ = adopted(tmp_path, *redis(), REDIS)
    answered = {o.values for o in ran.history.outcomes if o.status == "OK" and o.phase == "query"}
    assert answered == {()}
    assert verdicts(ran)["recovered-within"] == "ok"


def test_an_announced_address_is_no_name(tmp_path: Path) -> None:
    ran, _ = adopted(tmp_path, *redis("--replica-announce-ip", "10.244.1.5"), REDIS)
    answered = {o.values for o in ran.history.outcomes if o.status == "OK" and o.phase == "query"}
    assert answered == {()}


def test_a_server_that_refuses_strangers_is_said_to(tmp_path: Path) -> None:
    ran, _ = adopted(tmp_path, *redis("--protected-mode", "yes"), REDIS)
    assert ran.result.error is not None
    assert "ERROR DENIED" in ran.result.error.message
    assert not ran.history.faults
