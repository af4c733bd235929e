"""Each guard alone stops a run, and whatever opens the others does not open it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chaos.cluster.address import ClusterAddress
from chaos.engine.consent import granted
from chaos.engine.guards import GUARDS, Guards, Injection, Scene
from chaos.engine.place import Place
from chaos.engine.target import WatchedTarget
from chaos.errors import AbortedError, ChaosError
from chaos.experiment import Options, find_experiment
from chaos.options.guards import GuardOptions
from tests.diagnose.clusters import Place as World
from tests.diagnose.clusters import run

# The sandbox begins on a Thursday, at midnight.
CLOSED = "fri 09:00-17:00"
PAST, FUTURE = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
OPEN = "00:00-23:59"
WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 3
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.27, ports: [{containerPort: 80}]}]}
"""
BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep}
spec: {minAvailable: 3, selector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}}
"""


@dataclass
class Case:
    """What one guard does not let through, and nothing else keeps from going through.

    Attributes:
        opened: what of the options would open it.
        given: what is given in any case.
    """

    opened: dict[str, Any]
    namespace: str = "mine"
    consent: datetime | None = None
    consents: bool = True
    experiment: str = "identity-persistence"
    given: dict[str, Any] = field(default_factory=dict)
    manifests: str = ""
    injection: dict[str, Any] | None = None
    prepare: Callable[[World], Awaitable[None]] | None = None
    pinned: str = ""
    labels: dict[str, str] = field(default_factory=lambda: {"app": "web"})


async def one_down(world: World) -> None:
    """A pod of somebody's that does not come back."""
    await world.apply(WEB, "mine")
    await world.ready(3, "mine")
    template = {"spec": {"template": {"spec": {"nodeSelector": {"is": "nowhere"}}}}}
    await world.cluster.patch("StatefulSet", "web", "mine", template)
    await world.cluster.delete("Pod", "web-1", "mine")
    await world.ready(2, "mine")


async def budgeted(world: World) -> None:
    """All pods are wanted."""
    await world.apply(WEB, "mine")
    await world.apply(BUDGET, "mine")
    await world.ready(3, "mine")


async def well(world: World) -> None:
    await world.apply(WEB, "mine")
    await world.ready(3, "mine")


HIT = {"hit": frozenset({"web-0"})}
CASES = {
    "system-namespace": Case({}, namespace="kube-public"),
    "default-namespace": Case({"allow_default": True}, namespace="default"),
    "cluster-dns": Case({"allow_kube_system": True}, experiment="dns-outage", namespace=""),
    "nodes": Case({"allow_nodes": True}, experiment="node-drain", namespace=""),
    "node-commands": Case(
        {"cut_node": "cut {node}", "join_node": "join {node}"},
        experiment="node-loss",
        namespace="",
        given={"allow_nodes": True},
    ),
    "consent": Case({}, consents=False),
    "window": Case({"only_in": (OPEN,)}, given={"only_in": (CLOSED,)}),
    "steady-state": Case({}, injection={**HIT, "was_steady": False}),
    "blast-radius": Case({}, prepare=one_down, injection=HIT),
    "disruption-budget": Case({"over_budget": True}, prepare=budgeted, injection=HIT),
    "known-cluster": Case({"new_cluster": True}, pinned="another"),
}


def options_of(given: dict[str, Any]) -> Options:
    guards = {name: value for name, value in given.items() if name in GuardOptions.__dataclass_fields__}
    rest = {name: value for name, value in given.items() if name not in guards}
    return Options(**rest, guards=GuardOptions(**guards))


async def refused_by(world: World, case: Case, given: dict[str, Any]) -> str:
    """The sentence of the guard that refuses; empty: nothing does."""
    address = ClusterAddress(url=world.sandbox.url, connector=world.sandbox.connector())
    place = Place(address, world.sandbox.vantage, "a cluster", virtual_time=True)
    options = replace(options_of({**case.given, **given}), namespace=case.namespace)
    target = WatchedTarget(case.namespace, "web", "web", 80, ("web-0", "web-1", "web-2"), case.labels)
    guards = Guards(Scene(world.cluster, place, find_experiment(case.experiment), options, case.namespace))
    try:
        await guards.check_start(asking=False)
        await guards.check_start(asking=True)
        if case.injection is not None:
            await guards.check_injection(Injection(target, "deletion", **case.injection))
    except ChaosError as exc:
        cause = exc.__cause__ if isinstance(exc, AbortedError) else exc
        return str(getattr(cause, "guard", type(cause).__name__))
    return ""


def tried(case: Case, ways: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, state: str) -> list[str]:
    """Who refuses, for each way to give options."""
    monkeypatch.setenv("XDG_STATE_HOME", state)

    async def story(world: World) -> list[str]:
        if case.namespace not in ("", "default", "kube-public"):
            await world.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": case.namespace}})
        if case.namespace and case.consents:
            await world.cluster.patch("Namespace", case.namespace, "", granted(case.consent))
        if case.prepare is not None:
            await case.prepare(world)
        real = world.cluster.fingerprint
        if case.pinned:
            world.cluster.fingerprint = case.pinned
            assert await refused_by(world, case, {}) == ""  # the first use
            world.cluster.fingerprint = real
        return [await refused_by(world, case, way) for way in ways]

    return run(story)


@pytest.mark.parametrize(("need", "guard"), [("nodes", "nodes"), ("kube-system", "cluster-dns")])
def test_a_fault_whose_need_the_experiment_does_not_declare_is_not_injected(
    need: str, guard: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody was asked for what it needs then."""
    case = Case({}, injection={"needs": (need,)})
    assert tried(case, [{}, {"over_budget": True}], monkeypatch, str(tmp_path)) == [guard] * 2


def test_every_guard_has_a_case() -> None:
    assert list(CASES) == [guard.name for guard in GUARDS]


@pytest.mark.parametrize("name", CASES)
def test_it_alone_stops_a_run_and_nothing_that_opens_another_guard_opens_it(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generated table of all pairs: none of the other switches, nor all of them together."""
    case = CASES[name]
    others = [other.opened for key, other in CASES.items() if key != name and other.opened]
    together = {key: value for opened in others for key, value in opened.items()}
    ways = [{}, *({**one, **case.given} for one in (*others, together))]
    assert set(tried(case, ways, monkeypatch, str(tmp_path))) == {name}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.opened])
def test_its_own_switch_opens_it(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise that nothing else does would say little."""
    case = CASES[name]
    assert tried(case, [case.opened], monkeypatch, str(tmp_path)) == [""]


def test_consent_and_a_steady_state_and_pods_that_are_well_open_the_guards_without_a_switch(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(Case({}, prepare=well, injection=HIT), [{}], monkeypatch, str(tmp_path)) == [""]


def test_a_pod_that_is_well_counts_as_such_whoever_changed_its_labels(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template has a label that the pods have lost."""
    case = Case({}, prepare=well, injection=HIT, labels={"app": "web", "tier": "data"})
    assert tried(case, [{}], monkeypatch, str(tmp_path)) == [""]


def test_a_cluster_that_may_be_looked_at_less_is_not_taken_for_the_one_that_was_known(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where kube-system may not be read, a namespace's UID tells clusters apart; that of another is no first use."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    async def story(world: World) -> list[str]:
        await world.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}})
        await world.cluster.patch("Namespace", "mine", "", granted(None))
        said = [await refused_by(world, Case({}), {})]
        world.cluster.fingerprint = "namespace mine another-uid"
        named = {"cluster_uid": "another-uid"}
        return [*said, *[await refused_by(world, Case({}), way) for way in ({}, {"over_budget": True}, named, {})]]

    assert run(story) == ["", "known-cluster", "known-cluster", "", ""]


@pytest.mark.parametrize(("until", "by"), [(PAST, "consent"), (FUTURE, "")])
def test_consent_ends_by_the_later_of_two_clocks(
    until: datetime, by: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(Case({}, consent=until), [{}], monkeypatch, str(tmp_path)) == [by]


def test_a_fault_waits_for_the_controller_that_counts_a_budget(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is behind for a moment after a pod turned ready; that must not end a run."""

    async def soon(world: World) -> None:
        await budgeted(world)

        async def count() -> None:
            await asyncio.sleep(2)
            await world.cluster.patch("PodDisruptionBudget", "keep", "mine", {"spec": {"minAvailable": 2}})

        world.later = asyncio.create_task(count())  # type: ignore[attr-defined]

    assert tried(Case({}, prepare=soon, injection=HIT), [{}], monkeypatch, str(tmp_path)) == [""]
