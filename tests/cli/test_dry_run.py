"""`chaos run --dry-run` and `chaos plan`: all is told, nothing is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

import kubesim
from chaos.cli import dry_run as planning
from chaos.cli import rehearsing
from chaos.cli.one import RunRequest
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.engine import permissions
from chaos.engine.consent import consent_of, granted
from chaos.engine.place import Place
from chaos.experiment import find_experiment
from chaos.metrics import MetricsOptions
from chaos.options import Given, Settings, Source
from chaos.options.place import PlaceOptions
from chaos.options.table import known_options
from kubesim import run_virtual
from tests.engine.guards.test_all_pairs import BUDGET, WEB

Document = dict[str, Any]


def content(sandbox: kubesim.Cluster) -> dict[str, Any]:
    """All that is stored, but for what time alone changes."""
    return {
        f"{kind} {obj['metadata'].get('namespace', '')} {obj['metadata']['name']}": obj
        for kind in sandbox.store.kinds()
        for obj in sandbox.store.list(kind)
        if kind not in ("Event", "Lease", "Node")
    }


class Clusters:
    """Stands in for real clusters: each has what was given, and is compared when it is left."""

    def __init__(self, manifests: str) -> None:
        self.manifests = manifests
        self.compared = 0

    @asynccontextmanager
    async def open(self, *_: object, **__: object) -> AsyncIterator[Place]:
        async with kubesim.Cluster(seed=3) as sandbox:
            meta = {"name": "mine", "labels": granted(None)["metadata"]["labels"]}
            create = sandbox.api.registry.create
            create("Namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
            for obj in yaml.safe_load_all(self.manifests):
                if obj is not None:
                    create(obj["kind"], {**obj, "metadata": {**obj["metadata"], "namespace": "mine"}})
            await asyncio.sleep(30)
            before = content(sandbox)
            address = ClusterAddress(url=sandbox.url, connector=sandbox.connector())
            yield Place(address, sandbox.vantage, "a cluster", virtual_time=True)
            await asyncio.sleep(30)
            assert content(sandbox) == before
            self.compared += 1


def planned(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], manifests: str = "", **given: Any
) -> tuple[int, Document]:
    """The plan of a run on a cluster that is taken for a real one; `given` are options by name."""
    clusters = Clusters(manifests)
    monkeypatch.setattr(planning, "open_place", clusters.open)
    monkeypatch.setattr("chaos.cluster.transport.Transport.simulated", False)  # it would say so, and have no agents
    options = {name.replace("_", "-"): value for name, value in given.items()}
    settings = Settings(
        {
            name: Given(known_options()[name], value, Source.COMMAND_LINE, f"--{name}", "command line")
            for name, value in options.items()
        }
    )
    request = RunRequest(PlaceOptions(), True, settings, Path("nowhere"), MetricsOptions(), as_json=True)
    code = planning.dry_run(request, find_experiment(name))
    assert clusters.compared == 1
    return code, json.loads(capsys.readouterr().out)


def calls(document: Document, *, undoing: bool = False) -> list[str]:
    return [
        f"{call['verb']} {call['kind']} {call['name']}"
        for call in document["calls"]
        if call["undoing"] is undoing and (call["verb"], call["kind"]) != ("patch", "Lease")
    ]


def said(document: Document, what: str) -> tuple[str, str]:
    """What the server says of a call, and its undo."""
    call = next(c for c in document["calls"] if f"{c['verb']} {c['kind']} {c['name']}" == what)
    return call["server"]["said"], call["undo"]


@pytest.fixture(autouse=True)
def _real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated API server has no users, so it cannot be asked what they may."""

    async def granted(_cluster: Cluster, wanted: object, _namespace: str) -> list[object]:
        return []

    monkeypatch.setattr(permissions, "denied", granted)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_it_tells_each_request_its_undo_and_what_the_server_says_and_nothing_is_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cluster DNS is of the real cluster: its servers' names, and what the server says to a dry run about them."""
    code, document = planned(
        "dns-outage",
        monkeypatch,
        capsys,
        allow_kube_system=True,
        vantage="local",
        max_qps=100.0,
        local_journal_only=False,
    )
    assert code == 0
    namespace = next(c["name"] for c in document["calls"] if c["kind"] == "Namespace")
    told = calls(document)
    assert told[:4] == [
        f"create Namespace {namespace}",
        "create Lease chaos-identity",
        "create Service web",
        "create StatefulSet web",
    ]
    servers = [name for name in document["dns"]["views"] if name != "service"]
    assert [f"delete Pod {name}" in told for name in servers] == [True, True]
    assert said(document, f"delete Pod {servers[0]}") == ("accepted", "nothing: Deployment coredns replaces it")
    assert said(document, "patch Deployment coredns") == ("accepted", 'put back: {"spec": {"replicas": 2}}')
    assert said(document, "create StatefulSet web")[0] == "not asked"
    assert "create ConfigMap chaos-identity-run" in told
    assert calls(document, undoing=True)[0] == f"delete Namespace {namespace}"
    assert document["dns"]["queries_per_s"] <= 100
    rows = {(row["verb"], row["resource"], row["where"]) for row in document["permissions"]}
    assert ("patch", "deployments.apps", "namespace kube-system") in rows
    assert document["rehearsal"] == {"on": "the simulated cluster", "came_to_its_end": True, "ended_early": None}


def test_of_a_workload_of_ones_own_the_very_pods_are_named_and_asked_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever its image is and its probes are: a stand-in takes its place in the rehearsal."""
    manifest = WEB.replace("nginx:1.27, ", "registry.example/db:9, readinessProbe: {exec: {command: [check]}}, ")
    code, document = planned(
        "identity-persistence", monkeypatch, capsys, WEB, namespace="mine", target="statefulset/web", grace=1
    )
    assert manifest != WEB
    assert code == 0
    assert calls(document) == [
        "create Lease chaos-identity",
        "delete Pod web-0",
        "delete Pod web-1",
        "delete Pod web-2",
    ]
    assert said(document, "delete Pod web-1") == ("accepted", "nothing: its controller replaces it")
    assert document["calls"][0]["server"]["said"] == "accepted"


def test_a_budget_that_would_be_broken_ends_the_plan_as_it_would_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = planned(
        "identity-persistence", monkeypatch, capsys, f"{WEB}---{BUDGET}", namespace="mine", target="statefulset/web"
    )
    assert code == 4
    assert "PodDisruptionBudget keep allows 0 of web-0" in document["rehearsal"]["ended_early"]


def test_a_budget_that_counts_pods_of_others_too_allows_in_the_plan_what_it_allows_in_the_cluster(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of three pods of the target and three of another workload five are to stay."""
    other = (
        WEB.replace("name: web", "name: api")
        .replace("app: web", "app: api")
        .replace("serviceName: web", "serviceName: api")
    )
    budget = BUDGET.replace("minAvailable: 3", "minAvailable: 5").replace("[web, db]", "[web, api]")
    code, document = planned(
        "identity-persistence",
        monkeypatch,
        capsys,
        f"{WEB}---{other}---{budget}",
        namespace="mine",
        target="statefulset/web",
        trials=1,
    )
    assert (code, document["rehearsal"]["ended_early"]) == (0, None)


def test_a_namespace_that_every_cluster_has_is_rehearsed_in_too() -> None:
    async def main() -> dict[str, str]:
        async with kubesim.Cluster(seed=3) as sandbox:
            address = ClusterAddress(url=sandbox.url, connector=sandbox.connector())
            meta = {"name": "default", "labels": granted(None)["metadata"]["labels"]}
            await rehearsing._plant(address, [{"apiVersion": "v1", "kind": "Namespace", "metadata": meta}], 0)
            return dict((sandbox.store.get("Namespace", "", "default") or {})["metadata"]["labels"])

    assert consent_of({"metadata": {"labels": run_virtual(main())}}).given


def test_what_the_server_refuses_is_told_and_the_exit_code_is_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Service of that name is there already."""
    service = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 1}]}}"
    code, document = planned("scale-cycle", monkeypatch, capsys, service, namespace="mine")
    assert code == 3
    (refused,) = document["would_be_refused"]
    assert refused.startswith("dry run of create Service web in namespace mine: the API server answered 409")


def test_what_the_simulated_cluster_does_not_model_is_said_not_to_be_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = planned("cache-cluster", monkeypatch, capsys)
    assert code == 4
    assert "create StatefulSet redis-cluster" in calls(document)
    assert not document["rehearsal"]["came_to_its_end"]


def test_commands_of_the_user_are_told_without_what_they_hold_and_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    secret = "sshpass -p hunter2 ssh {node}"
    hook, hooked = f"touch {tmp_path}/hooked; : hunter2", tmp_path / "hooked"
    condition = "node/node-1: Ready != True for 1s"
    code, document = planned(
        "node-loss",
        monkeypatch,
        capsys,
        cut_node=f"{secret} off",
        join_node=f"{secret} on",
        allow_nodes=True,
        before_hook=hook,
        after_hook=hook,
        abort_if=(condition,),
        events=True,
    )
    assert code == 0
    assert not hooked.exists()
    plan = {row["what"]: row["details"] for row in document["plan"]}
    assert plan["aborted if"] == condition
    assert plan["hooks"].startswith("one before anything is touched and one after all is undone")
    assert "(--no-events for none)" in plan["Events"]
    assert [c["command"] for c in document["calls"] if "command" in c][:1] == ["--cut-node …"]
    assert "hunter2" not in json.dumps(document)


def test_agents_are_part_of_the_plan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = planned("scale-cycle", monkeypatch, capsys, namespace="mine", agents=2)
    assert code == 0
    told = calls(document)
    assert told[1:3] == ["create Job chaos-agents-rehearsal", "create ConfigMap chaos-agents-rehearsal"]
    assert said(document, told[1])[0] == "accepted"
