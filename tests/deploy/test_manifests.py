"""What is printed is what an API server accepts, and no more than the table of permissions says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from chaos.cli.commands.manifests import ManifestOptions
from chaos.cli.complete import MANIFEST_KINDS
from chaos.cli.manifests import manifests
from chaos.engine.permissions import OPT_IN, PERMISSIONS, Scope
from chaos.errors import UsageError
from tests.commands import run_command

REPOSITORY = Path(__file__).parents[2]
ALL_OPT_INS = tuple(feature.value for feature in OPT_IN)


def made(kind: str = "all", *, image: str = "chaos:1", opt_ins: tuple[str, ...] = ALL_OPT_INS) -> list[dict[str, Any]]:
    return manifests(ManifestOptions(kind, "prod", image, "runner", "17 2 * * *", opt_ins, arguments=("--trials=1",)))


@pytest.mark.parametrize("version", ["1.34", "1.37"])
@pytest.mark.parametrize("kind", MANIFEST_KINDS)
def test_every_object_is_valid_on_a_real_api_server(kind: str, version: str) -> None:
    objects = made(kind)
    assert objects
    for obj in objects:
        kubernetes_validate.validate(obj, version, strict=True)


def test_an_experiment_adds_what_it_declares_and_nothing_else() -> None:
    plain = made("rbac", opt_ins=())
    request = ManifestOptions("rbac", "prod", service_account="runner", experiments=("node-drain",))
    with_it = manifests(request)
    (role,) = [o for o in with_it if o["kind"] == "Role"]
    (before,) = [o for o in plain if o["kind"] == "Role"]
    added = [rule for rule in role["rules"] if rule not in before["rules"]]
    assert ["pods/eviction"] in [rule["resources"] for rule in added]
    (beyond,) = [o for o in with_it if o["kind"] == "ClusterRole"]
    assert {r for rule in beyond["rules"] for r in rule["resources"]} <= {"nodes", "persistentvolumes"}
    for obj in with_it:
        kubernetes_validate.validate(obj, "1.37", strict=True)


def test_the_role_is_the_table() -> None:
    roles = [o for o in made() if o["kind"] == "Role" and o["metadata"]["namespace"] == "prod"]
    (role,) = roles
    granted = {
        (v, g, r) for rule in role["rules"] for v in rule["verbs"] for g in rule["apiGroups"] for r in rule["resources"]
    }
    table = {(p.verb, p.group, p.resource) for p in PERMISSIONS if p.scope is Scope.OWN}
    assert granted - table == {("create", "", "pods/exec")}  # asked for from Kubernetes 1.35 on
    assert table <= granted


def test_nothing_reaches_beyond_the_namespace_without_an_opt_in() -> None:
    for obj in made(opt_ins=()):
        assert obj["kind"] == "Namespace" or obj["metadata"]["namespace"] == "prod"
        assert not obj["kind"].startswith("Cluster")


def test_what_may_be_read_in_kube_system_is_read_only_and_one_configmap() -> None:
    (role,) = [
        o for o in made(opt_ins=("read-dns",)) if o["kind"] == "Role" and o["metadata"]["namespace"] == "kube-system"
    ]
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}
    (maps,) = [rule for rule in role["rules"] if rule["resources"] == ["configmaps"]]
    assert maps["resourceNames"] == ["coredns"]


def test_the_cronjob_is_not_repeated_blindly_and_runs_restricted() -> None:
    (cron,) = [o for o in made("cronjob") if o["kind"] == "CronJob"]
    job = cron["spec"]["jobTemplate"]["spec"]
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    assert job["backoffLimit"] == 0
    pod = job["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    (container,) = pod["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "--trials=1" in container["args"]
    assert "--in-cluster" in container["args"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ManifestOptions("pods", "n"), "no manifests 'pods'"),
        (ManifestOptions("rbac", "n", opt_ins=("root",)), "--with root"),
        (ManifestOptions("cronjob", "n"), "--image"),
    ],
)
def test_what_cannot_be_printed_is_refused(request_: ManifestOptions, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        manifests(request_)
    assert said in str(caught.value)


def test_the_command_prints_yaml_for_kubectl() -> None:
    done = run_command("manifests", "rbac", "-n", "x")
    assert done.returncode == 0
    kinds = [o["kind"] for o in yaml.safe_load_all(done.stdout)]
    assert kinds == ["ServiceAccount", "Role", "RoleBinding"]


def test_the_workflow_uses_commands_that_exist() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/kind.yaml").read_text())
    steps = workflow["jobs"]["kind"]["steps"]
    said = "\n".join(step.get("run", "") for step in steps)
    for command in ("manifests", "doctor", "run"):
        assert f"chaos {command}" in said
        assert run_command(command, "--help").returncode == 0, command
    for path in ("kind/cluster.yaml", "kind/Dockerfile"):
        assert path in said
        assert (REPOSITORY / path).exists()
