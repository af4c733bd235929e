"""What is not allowed is named before anything is made, and what is known without kube-system is said to be that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.cluster.request import Request
from chaos.engine import views
from chaos.engine.doctor import Doctor, Examined, Status
from chaos.engine.permissions import PERMISSIONS, Feature, Permission, denied, needed, require
from chaos.engine.undeclared import undeclared
from chaos.engine.views import find_dns
from chaos.errors import ApiError, PreflightError
from chaos.experiment import find_experiment
from tests.fakes import FakeVantage, answer

RESOLV_CONF = "search prod.svc.corp.example svc.corp.example corp.example\nnameserver 10.96.0.10\noptions ndots:5\n"


class Forbidding:
    """A cluster that allows what `allowed` says and has nothing in it."""

    name = "context test"
    server = "https://test"
    version = "v1.34.0"
    fingerprint = "namespace prod 1"
    proxy = None
    heard_by = ""

    def __init__(self, allowed: set[tuple[str, str]], namespaces: dict[str, dict[str, str]] | None = None) -> None:
        self.allowed = allowed
        self.asked: list[dict[str, str]] = []
        self._namespaces = namespaces or {}

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        attributes = obj["spec"]["resourceAttributes"]
        self.asked.append(attributes)
        resource = "/".join(filter(None, (attributes["resource"], attributes.get("subresource"))))
        return {"status": {"allowed": (attributes["verb"], resource) in self.allowed}}

    async def list(self, kind: str, namespace: str = "", labels: str = "") -> tuple[list[dict[str, Any]], str]:
        if namespace == "kube-system" or not namespace:
            raise ApiError(f"listing {kind}: forbidden", status=403)
        return [], "1"

    async def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        labels = self._namespaces.get(name)
        return None if labels is None else {"metadata": {"name": name, "labels": labels}}

    async def dry_run(self, request: Request) -> dict[str, Any]:
        why = f'User "u" cannot create resource "{request.kind}"'
        raise ApiError(f"dry run of {request.describe()}: {why}", status=403)

    async def server_date(self) -> tuple[float, float, float]:
        return 100.2, 100.0, 100.3


EVERYTHING = {(p.verb, p.resource) for p in PERMISSIONS}


@pytest.mark.parametrize("missing", [p for p in PERMISSIONS if p.feature is Feature.AGENTS], ids=str)
async def test_a_missing_permission_is_named_with_its_verb_resource_and_namespace(missing: Permission) -> None:
    cluster = Forbidding(EVERYTHING - {(missing.verb, missing.resource)})
    with pytest.raises(PreflightError) as caught:
        await require(cluster, [Feature.AGENTS], "prod")  # type: ignore[arg-type]
    assert missing.verb in caught.value.message
    assert missing.resource in caught.value.message
    assert "namespace prod" in caught.value.message
    assert "chaos manifests rbac -n prod" in caught.value.hint


async def test_with_everything_allowed_each_row_is_asked_once_in_its_namespace() -> None:
    cluster = Forbidding(EVERYTHING)
    assert await denied(cluster, needed(list(Feature), "v1.34.4"), "prod") == []  # type: ignore[arg-type]
    assert len(cluster.asked) == len(PERMISSIONS)
    assert {a.get("namespace", "") for a in cluster.asked} == {"prod", "kube-system", ""}


@pytest.mark.parametrize(
    ("version", "asked"), [("v1.34.4", False), ("v1.35.0", True), ("v1.36.1+k3s1", True), ("unknown", False)]
)
def test_create_on_exec_is_asked_for_where_the_server_does(version: str, asked: bool) -> None:
    wanted = {(p.verb, p.resource) for p in needed([Feature.AGENTS], version)}
    assert (("create", "pods/exec") in wanted) == asked
    assert ("get", "pods/exec") in wanted


async def test_without_kube_system_a_pod_knows_its_own_dns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(RESOLV_CONF)
    monkeypatch.setattr(views, "_RESOLV_CONF", path)
    dns = await find_dns(Forbidding(set()), in_cluster=True)  # type: ignore[arg-type]
    assert [(view.name, view.address, view.balanced) for view in dns.views] == [("service", "10.96.0.10", True)]
    assert dns.domain == "corp.example"
    assert "forbidden" in dns.limited


async def test_without_kube_system_a_laptop_is_told_what_to_ask_for() -> None:
    with pytest.raises(PreflightError) as caught:
        await find_dns(Forbidding(set()))  # type: ignore[arg-type]
    assert "--with read-dns" in caught.value.hint


async def examined(cluster: Forbidding, namespace: str) -> dict[str, Examined]:
    vantage = FakeVantage(lambda query: [(0.001, answer(query))])
    doctor = Doctor(cluster, vantage, namespace, "python:3.11-slim", in_cluster=False)  # type: ignore[arg-type]
    return {finding.what: finding async for finding in doctor.findings()}


async def test_the_doctor_tells_what_is_missing_and_what_it_could_not_see() -> None:
    found = await examined(Forbidding({("get", "namespaces")}, {"prod": {}}), "prod")
    assert found["permissions: run"].status is Status.PROBLEM
    assert found["permissions: agents"].status is Status.WARNING
    assert found["DNS views"].status is Status.PROBLEM
    assert found["agent image"].status is Status.UNKNOWN
    assert found["clock"].status is Status.OK
    assert found["namespace"].status is Status.PROBLEM
    assert "chaos allow -n prod" in found["namespace"].advice
    assert all(finding.advice for finding in found.values() if finding.status is Status.PROBLEM)


async def test_the_doctor_knows_a_namespace_that_is_not_there() -> None:
    found = await examined(Forbidding(EVERYTHING), "nowhere")
    assert found["permissions: run"].status is Status.OK
    assert found["namespace"].status is Status.PROBLEM
    assert "nowhere" in found["namespace"].found


def test_what_a_run_asked_for_and_does_not_declare_is_told() -> None:
    """The sandbox and an administrator's cluster refuse nothing, so only this shows it before another cluster does."""
    experiment = replace(find_experiment("identity-persistence"), uses=("patch services",))
    used = [
        ("patch", "apps", "deployments"),
        ("patch", "", "services"),
        ("list", "", "pods"),
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
    ]
    assert undeclared(experiment, used) == ["patch deployments.apps"]
    assert undeclared(replace(experiment, needs=("kube-system",)), used) == []
