"""`chaos diagnose` on a real cluster: several faults in one namespace, each with what DNS says; --fix, and its undo."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import CONTEXT, command, kubectl, made_namespace

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "diagnose" / "unit"
MANIFESTS = ROOT / "experiments" / "manifests"
# The unit's own text says `default` in its names.
OTHERS = ("mysql-cluster", "mysql-services", "load-balance-test")


def apply(namespace: str, text: str) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", given=text.replace(".default.svc", f".{namespace}.svc"))


def diagnose(*arguments: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        command("diagnose", "--context", CONTEXT, "-o", "json", *arguments),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def wrong(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = [f for f in document["findings"] if f["severity"] != "note"]
    return sorted((f["severity"], f["check"], f["object"]["name"]) for f in rows)


@pytest.fixture
def namespace() -> Iterator[str]:
    with made_namespace("diagnose") as name:
        yield name


def ready(namespace: str, *names: str) -> None:
    for name in names:
        kubectl("rollout", "status", "-n", namespace, f"statefulset/{name}", "--timeout=90s")


def test_a_healthy_namespace_is_clean_and_its_dns_agrees_with_the_api(namespace: str) -> None:
    apply(namespace, (MANIFESTS / "web-quick.yaml").read_text())
    ready(namespace, "web")
    code, document, _ = diagnose("-n", namespace)
    assert wrong(document) == []
    assert code == 0
    assert {"record", "cluster-dns", "not-ready", "stale-subdomain"} <= set(document["checked"])
    assert all("5 of 5 queries answered" in line for line in document["measured"])
    assert {row["check"] for row in document["not_checked"]} == {
        "manifest-refused",
        "not-read",
        "repeated-key",
    }  # of files


def test_the_units_faults_are_found_side_by_side(namespace: str) -> None:
    for name in ("broken-network", *OTHERS):
        apply(namespace, (UNIT / f"{name}.yaml").read_text())
    ready(namespace, "broken-network", "mysql-cluster")
    code, document, _ = diagnose("-n", namespace)
    assert code == 1
    assert wrong(document) == [
        ("error", "governing-service", "broken-network"),
        ("error", "pod-name", "load-balance-test"),
        ("error", "program-missing", "load-balance-test"),
        ("error", "program-missing", "mysql-cluster-config"),
        ("warning", "ignores-sigterm", "broken-network"),
        ("warning", "members-not-joined", "mysql-cluster"),
        ("warning", "replicas-reach-primary", "mysql-replicas"),
    ]
    seen = {f["check"]: " ".join(f["evidence"]) for f in document["findings"]}
    assert "DNS says broken-network-0.nonexistent-service" in seen["governing-service"]
    assert f"mysql-cluster-0.mysql-internal.{namespace}.svc.cluster.local: NXDOMAIN (3 of 3" in seen["pod-name"]


def test_fix_makes_the_missing_service_and_recover_takes_it_away_again(namespace: str, tmp_path: Path) -> None:
    apply(namespace, (UNIT / "broken-network.yaml").read_text())
    ready(namespace, "broken-network")
    arguments = ("-n", namespace, "--fix", "--reports", str(tmp_path))
    _, _, said = diagnose(*arguments)
    assert "nothing was changed: nobody can be asked here" in said
    diagnose(*arguments, "--yes")
    _, document, _ = diagnose("-n", namespace)
    assert [row for row in wrong(document) if row[0] == "error"] == []
    folder = next((tmp_path / "fixes").iterdir())
    done = subprocess.run(command("recover", str(folder)), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    _, document, _ = diagnose("-n", namespace)
    assert ("error", "governing-service", "broken-network") in wrong(document)


def test_an_orphaning_recreate_is_found_before_and_after_a_restart(namespace: str) -> None:
    text = (MANIFESTS / "web-quick.yaml").read_text()
    apply(namespace, text)
    ready(namespace, "web")
    kubectl("delete", "statefulset", "web", "-n", namespace, "--cascade=orphan")
    apply(namespace, text.replace("serviceName: web", "serviceName: nope"))
    _, document, _ = diagnose("-n", namespace)
    latent = next(f for f in document["findings"] if f["check"] == "stale-subdomain")
    assert latent["what"].startswith("a fault that waits for a restart: web-0, web-1, web-2 ")
    kubectl("delete", "pod", "web-1", "-n", namespace)
    kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/web-1", "--timeout=60s")
    _, document, _ = diagnose("-n", namespace, "statefulset/web")
    stale = next(f for f in document["findings"] if f["check"] == "stale-subdomain")
    assert "web-0, web-2 still have names" in stale["what"]
    missing = next(f for f in document["findings"] if f["check"] == "governing-service")
    assert "there is no Service nope" in " ".join(missing["evidence"])


def test_an_image_that_cannot_be_pulled_is_told_with_the_kubelets_reason(namespace: str) -> None:
    text = (MANIFESTS / "web-quick.yaml").read_text()
    apply(namespace, text.replace("image: nginx:alpine", "image: none.invalid/none:1"))
    kubectl("wait", "-n", namespace, "pod/web-0", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}",
            "--timeout=60s")  # fmt: skip
    _, document, _ = diagnose("-n", namespace)
    rows = [f for f in document["findings"] if f["check"] == "not-ready"]
    assert {f["object"]["name"] for f in rows} == {"web", "web-0"}
    assert any("container nginx waits: " in line for f in rows for line in f["evidence"])
