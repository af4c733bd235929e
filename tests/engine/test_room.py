"""Whether quotas have room is counted as Kubernetes counts."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.agents import manifests
from chaos.engine.admission import pod_of
from chaos.engine.room import amount, lacking
from chaos.options.agents import AgentOptions, PodOptions


def test_room_is_counted_for_all_pods_together_and_what_is_used_counts() -> None:
    spec: Any = pod_of(manifests.job("x", "default", 600, AgentOptions(), PodOptions()))["spec"]
    used = {"used": {"pods": "3"}}
    hard = {"hard": {"pods": "5", "memory": "1Gi"}}
    quota = {"metadata": {"name": "q"}, "spec": hard, "status": used}
    assert list(lacking([quota], spec, 2)) == []
    assert list(lacking([quota], spec, 3)) == ["q has pods 5, of which 3 is used"]
    scoped = {**quota, "spec": {**hard, "scopes": ["BestEffort"]}}
    assert list(lacking([scoped], spec, 99)) == []


@pytest.mark.parametrize(
    ("text", "value"), [("40m", "0.04"), ("2", "2"), ("1Gi", "1073741824"), ("1.5k", "1500"), ("100M", "100000000")]
)
def test_quantities_are_read_as_kubernetes_writes_them(text: str, value: str) -> None:
    assert amount(text) == amount(value)
    with pytest.raises(ValueError, match="no quantity"):
        amount("many")
