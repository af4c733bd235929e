"""The main experiment on a real cluster: what facts there are about Kubernetes, found again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaos.cluster.client import Cluster
from tests.order import assert_order_of_facts, at_s, timeline_of
from tests.real.conftest import SLOW_TO_END, our_namespaces

Chaos = Callable[..., tuple[int, dict[str, Any]]]


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {v["checker"]: v["outcome"] for v in document["verdicts"]}


def rows(document: dict[str, Any]) -> list[dict[str, str]]:
    with (Path(document["folder"]) / "recoveries.csv").open() as file:
        return list(csv.DictReader(file))


async def test_each_pod_keeps_its_identity_and_nothing_is_left_behind(chaos: Chaos, cluster: Cluster) -> None:
    code, document = chaos("--grace", "1")
    assert verdicts(document) == dict.fromkeys(verdicts(document), "ok")
    assert code == 0
    assert document["status"] == "complete"
    assert not document["simulated"]
    own = [r for r in rows(document) if r["record"] == f"A {r['pod']}.web"]
    assert {r["pod"] for r in own} == {"web-0", "web-1", "web-2"}
    assert len({r["view"] for r in own}) == 3
    assert {r["outcome"] for r in own} == {"recovered"}
    for row in own:
        assert float(row["lost_after_s"]) < float(row["lost_before_s"]) < float(row["recovered_after_s"])
        assert float(row["recovered_after_s"]) < float(row["recovered_before_s"]) <= float(row["stable_before_s"])
    assert await our_namespaces(cluster) == []


async def test_a_forced_deletion_shows_two_pods_under_one_identity(chaos: Chaos) -> None:
    """The old container goes on answering while its replacement already serves, where it does not end at once."""
    code, document = chaos("--force", "--trials", "1", experiment=SLOW_TO_END)
    assert verdicts(document)["single-identity"] == "fail"
    assert code == 1


def test_the_order_of_events_is_that_of_the_facts(chaos: Chaos) -> None:
    """A grace period of 30 s that is used up, since the container's shell ignores SIGTERM."""
    code, document = chaos("--trials", "1", experiment=SLOW_TO_END)
    assert code == 0
    assert_order_of_facts(timeline_of(document["folder"]), grace_s=30)


def test_the_units_own_pod_is_back_long_before_its_grace_period_would_be_over(chaos: Chaos) -> None:
    """The shell of its image, ash, hands over to nginx, which ends when it is told to."""
    code, document = chaos("--trials", "1")
    assert code == 0
    assert at_s(timeline_of(document["folder"]), "dns-back") < 10
