"""What agents are made of: accepted by an API server, restricted, and at home in clusters with rules of their own."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest

from chaos.agents import manifests
from chaos.agents.bundle import build_bundle
from chaos.agents.fleet import _isolates
from chaos.engine.manifests import adapt_pods
from chaos.errors import UsageError
from chaos.options.agents import AgentOptions, PodOptions
from tests.commands import run_command

OWNER = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "chaos-agents-1", "uid": "u"}}


def job(agents: AgentOptions | None = None, pods: PodOptions | None = None) -> dict[str, Any]:
    return manifests.job("chaos-agents-1", "n", 600, agents or AgentOptions(), pods or PodOptions())


def pod(made: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = made["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize(
    "made",
    [
        job(),
        job(
            AgentOptions(count=20, clocks=("offset=1",)), PodOptions("m.example", ("secret",), ("a=b:NoSchedule", "*"))
        ),
        manifests.program("chaos-agents-1", "n", OWNER, build_bundle()),
        manifests.network_policy("chaos-agents-1", "n", OWNER),
        manifests.target_policy("chaos-agents-1", "n", OWNER, {"app": "web"}),
    ],
    ids=lambda made: made["kind"],
)
@pytest.mark.parametrize("version", ["1.34", "1.37"])
def test_an_api_server_accepts_it(made: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(made, version, strict=True)


def test_it_passes_the_restricted_standard() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    spec = pod(job())
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] != 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert "ports" not in container
    assert set(container["resources"]["limits"]) == set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_it_cleans_up_after_itself() -> None:
    spec = job()["spec"]
    assert spec["activeDeadlineSeconds"] == 600
    assert 0 < spec["ttlSecondsAfterFinished"] <= 60
    for owned in (manifests.program("x", "n", OWNER, b""), manifests.network_policy("x", "n", OWNER)):
        (reference,) = owned["metadata"]["ownerReferences"]
        assert (reference["kind"], reference["uid"]) == ("Job", "u")


def test_one_that_fails_does_not_end_the_others() -> None:
    spec = job(AgentOptions(count=3))["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == 3
    assert spec["backoffLimitPerIndex"] == 0
    assert pod(job())["restartPolicy"] == "Never"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("python:3.11-slim", "m.example/hub/library/python:3.11-slim"),
        ("bitnami/python", "m.example/hub/bitnami/python"),
        ("images.example/library/python:3.11", "m.example/hub/library/python:3.11"),
        ("registry.example:5000/team/py@sha256:0", "m.example/hub/team/py@sha256:0"),
        ("localhost/py", "m.example/hub/library/py"),
    ],
)
def test_images_come_from_the_mirror(image: str, expected: str) -> None:
    assert PodOptions(mirror="m.example/hub/").mirrored(image) == expected
    assert PodOptions().mirrored(image) == image


def test_the_workload_gets_what_agents_get() -> None:
    options = PodOptions("m.example", ("secret",), ("dedicated=db:NoExecute", "spot:NoSchedule", "x"))
    obj = {
        "spec": {"template": {"spec": {"containers": [{"image": "nginx:alpine"}], "initContainers": [{"image": "b"}]}}}
    }
    adapt_pods(obj, options)
    spec = obj["spec"]["template"]["spec"]
    assert [c["image"] for c in (*spec["containers"], *spec["initContainers"])] == [
        "m.example/library/nginx:alpine",
        "m.example/library/b",
    ]
    agents = pod(job(None, options))
    assert spec["tolerations"] == agents["tolerations"]
    assert spec["tolerations"][0] == {"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoExecute"}
    assert spec["tolerations"][1:] == [
        {"key": "spot", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "x", "operator": "Exists"},
    ]
    assert spec["imagePullSecrets"] == agents["imagePullSecrets"] == [{"name": "secret"}]
    adapt_pods({"spec": {"ports": []}}, options)  # a Service has no pods


@pytest.mark.parametrize("text", ["", "=x", "a=b:Never", ":NoSchedule"])
def test_a_toleration_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        PodOptions(tolerations=(text,))


@pytest.mark.parametrize("count", [0, -1, 101])
def test_an_impossible_number_of_agents_is_refused(count: int) -> None:
    with pytest.raises(UsageError):
        AgentOptions(count=count)


@pytest.mark.parametrize("quantity", ["lots", "", "-1", "1 Gi", "96MB"])
def test_a_limit_that_is_no_quantity_is_refused(quantity: str) -> None:
    with pytest.raises(UsageError, match="--agent-memory"):
        AgentOptions(memory_limit=quantity)


def test_no_agents_are_not_one_agent() -> None:
    done = run_command("run", "identity-persistence", "--context", "x", "--agents", "0")
    assert done.returncode == 2
    assert "--agents 0 must lie between 1 and 100" in done.stderr


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"podSelector": {}}, True),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, False),
        ({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress", "Egress"]}, True),
        ({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]}, False),
        ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}, True),
    ],
)
def test_which_policies_isolate_the_target(spec: dict[str, Any], expected: bool) -> None:
    assert _isolates({"spec": spec}, {"app": "web"}) is expected
