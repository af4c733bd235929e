"""The CronJob in a pod of its own with the Role only; and that nothing in the Role is there for nothing."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos.cli.commands.manifests import ManifestOptions
from chaos.cli.manifests import manifests
from chaos.engine.permissions import PERMISSIONS, Feature, Permission, Scope
from tests.real.conftest import command, kubectl
from tests.real.image import REALK8S, ROOT, load_image

pytestmark = pytest.mark.skipif(not REALK8S.exists(), reason="needs realk8s, whose python image the tool's is built on")
_ACCOUNT = "chaos-identity"
# In the table for workloads with volumes, which the unit's own has not.
NOT_USED_BY_THE_UNITS_WORKLOAD = {("delete", "", "persistentvolumeclaims")}


def printed(namespace: str, kind: str, *opt_ins: str, image: str = "", arguments: tuple[str, ...] = ()) -> str:
    request = ManifestOptions(kind, namespace, image, _ACCOUNT, "17 2 * * *", opt_ins, arguments=arguments)
    return str(yaml.safe_dump_all(manifests(request)))


@pytest.fixture
def namespace() -> Iterator[str]:
    """One that allows experiments, and whatever was granted from it."""
    name = f"chaos-identity-{secrets.token_hex(3)}"
    kubectl("apply", "-f", "-", given=printed(name, "namespace"))
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted", "--overwrite")
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce-")  # the unit's own pods run as root
    yield name
    kubectl("delete", "namespace", name, "--wait=true")
    role = f"chaos-identity-read-dns-{name}"
    kubectl("delete", "role,rolebinding", "-n", "kube-system", role, "--ignore-not-found")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    return load_image(tmp_path_factory.mktemp("image"))


def as_the_account(folder: Path, namespace: str) -> list[str]:
    """Options by which the tool is nobody but the service account."""
    token = kubectl("create", "token", _ACCOUNT, "-n", namespace).strip()
    config = json.loads(kubectl("config", "view", "--minify", "--flatten", "--raw", "-o", "json"))
    config["users"] = [{"name": "account", "user": {"token": token}}]
    config["contexts"] = [{"name": "account", "context": {"cluster": config["clusters"][0]["name"], "user": "account"}}]
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return ["--kubeconfig", str(path), "--context", "account", "-n", namespace]


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        command("run", "identity-persistence", "--reports", str(folder / "reports"), "-o", "json", *arguments),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


@pytest.mark.parametrize("opt_ins", [(), ("read-dns",)])
def test_the_cronjob_runs_in_its_own_pod_with_the_role_only(
    image: str, namespace: str, opt_ins: tuple[str, ...]
) -> None:
    arguments = ("--grace=1", "--trials=1")
    given = printed(namespace, "all", *opt_ins, image=image, arguments=arguments)
    kubectl("apply", "-f", "-", given=given)
    folder = volume_of(namespace)
    kubectl("create", "job", "--from=cronjob/chaos-identity-nightly", "now", "-n", namespace)
    status = wait_for_job(namespace, "now")
    (pod,) = json.loads(kubectl("get", "pods", "-n", namespace, "-l", "job-name=now", "-o", "json"))["items"]
    said = kubectl("logs", "-n", namespace, pod["metadata"]["name"])
    assert status.get("succeeded") == 1, said
    assert "HELD: 6 of 6 checks" in said
    assert "not allowed" not in said
    assert ("only that address" in said) == (not opt_ins)
    document = json.loads(next(folder.glob("identity-persistence/*/run.json")).read_text())
    assert document["status"] == "complete"
    assert document["simulated"] is False
    assert (document["environment"]["cluster_fingerprint"].startswith("namespace ")) == (not opt_ins)
    left = json.loads(kubectl("get", "statefulsets,services,leases", "-n", namespace, "-o", "json"))["items"]
    assert left == []


def volume_of(namespace: str) -> Path:
    """The folder behind the claim, writable by others as kind's and most provisioners make it.

    The provisioner of realk8s leaves it to root, and Kubernetes applies an fsGroup to no hostPath volume.
    """
    kubectl("wait", "pvc", "--all", "-n", namespace, "--for=jsonpath={.status.phase}=Bound", "--timeout=60s")
    volume = json.loads(kubectl("get", "pvc", "-n", namespace, "-o", "json"))["items"][0]["spec"]["volumeName"]
    folder = Path(json.loads(kubectl("get", "pv", volume, "-o", "json"))["spec"]["hostPath"]["path"])
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    return folder


def wait_for_job(namespace: str, name: str) -> dict[str, Any]:
    """Its status once it has ended."""
    for _ in range(120):
        status: dict[str, Any] = json.loads(kubectl("get", "job", name, "-n", namespace, "-o", "json"))["status"]
        if status.get("succeeded") or status.get("failed"):
            return status
        time.sleep(1)
    raise AssertionError(f"job {name} did not end: {status}")


def test_a_run_uses_every_permission_of_the_table_and_no_other(tmp_path: Path, namespace: str) -> None:
    kubectl("apply", "-f", "-", given=printed(namespace, "rbac", "read-dns"))
    account = as_the_account(tmp_path, namespace)
    code, document, said = run(tmp_path, *account, "--vantage", "both", "--grace", "1", "--trials", "1")
    assert code == 0, said
    used = {tuple(key.split(" ")) for key in document["measurement"]["api_used"]}
    used = {(key[0], "", key[1]) if len(key) == 2 else key for key in used}
    used -= {("create", "authorization.k8s.io", "selfsubjectaccessreviews")}  # allowed to everybody
    features = (Feature.RUN, Feature.MIRROR, Feature.EVENTS, Feature.AGENTS, Feature.READ_DNS)
    table = {(p.verb, p.group, p.resource) for p in PERMISSIONS if p.feature in features}
    # Asked for only where policies are there, where something is changed that the run did not make, and where one
    # object is read again: after a request of whose outcome nothing is known, and before recovery touches it.
    optional = NOT_USED_BY_THE_UNITS_WORKLOAD | {("get", "", "pods"), ("get", "", "persistentvolumeclaims")}
    optional |= {(verb, "networking.k8s.io", "networkpolicies") for verb in ("get", "create")}
    optional |= {("patch", "", "configmaps"), ("delete", "", "configmaps")}
    assert used - table == set()
    assert table - used <= optional


OWN = [p for p in PERMISSIONS if p.scope is Scope.OWN and p.feature is not Feature.EVENTS]  # it runs without these


def test_each_verb_removed_ends_the_run_before_anything_is_made(tmp_path: Path, namespace: str) -> None:
    objects = list(yaml.safe_load_all(printed(namespace, "rbac", "read-dns")))
    kubectl("apply", "-f", "-", given=str(yaml.safe_dump_all(objects)))
    account = as_the_account(tmp_path, namespace)
    role = next(o for o in objects if o["kind"] == "Role" and o["metadata"]["namespace"] == namespace)
    for removed in OWN:
        kubectl("apply", "-f", "-", given=json.dumps(without(role, removed)))
        code, _, said = run(tmp_path, *account, "--vantage", "agent")
        assert code == 3, (removed, said)
        assert removed.verb in said, said
        assert removed.resource in said, said
    left = json.loads(kubectl("get", "all,leases,configmaps", "-n", namespace, "-o", "json"))["items"]
    assert [o["metadata"]["name"] for o in left if o["metadata"]["name"] != "kube-root-ca.crt"] == []


def without(role: dict[str, Any], removed: Permission) -> dict[str, Any]:
    """The Role with one verb less."""
    rules = []
    for rule in role["rules"]:
        here = rule["resources"] == [removed.resource] and rule["apiGroups"] == [removed.group]
        verbs = [verb for verb in rule["verbs"] if not (here and verb == removed.verb)]
        if verbs:
            rules.append({**rule, "verbs": verbs})
    return {**role, "rules": rules}


def test_the_tests_know_where_realk8s_keeps_its_images() -> None:
    assert ROOT.exists()
