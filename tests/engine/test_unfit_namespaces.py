"""Images that cannot be pulled, quotas, volumes that never bind: the run says which object and why; nothing passes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.analysis.claims import Finding, checker, unsure
from chaos.analysis.reading import Reading
from chaos.errors import SteadyStateError
from chaos.experiment import Experiment, Options, Run, Workload
from tests.sandboxed import Ran, run_sandboxed

OPTIONS = Options(trials=1, max_qps=None, period_s=0.1, connect_period_s=1.0)
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80, name: web}]}
"""
STATEFULSET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: "IMAGE"}]
  volumeClaimTemplates: [CLAIM]
"""
UNBOUND = (
    "{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], storageClassName: nowhere, "
    "resources: {requests: {storage: 1Gi}}}}"
)
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {pods: "0"}}
"""


def manifests(folder: Path, image: str, claim: str = "", before: str = "") -> Experiment:
    """An experiment whose workload consists of these."""
    (folder / "manifests").mkdir()
    statefulset = STATEFULSET.replace("IMAGE", image).replace("CLAIM", claim)
    (folder / "manifests" / "web.yaml").write_text("---".join(filter(None, [before, SERVICE, statefulset])))

    async def method(run: Run) -> None:
        await run.steady_state(within_s=10)

    return Experiment(
        name="mine",
        hypothesis="h",
        method=method,
        checkers=("steady-state",),
        workload=Workload(("web.yaml",), "web", "web", 80),
        probes=("dns",),
        source=folder / "mine.py",
    )


@pytest.mark.parametrize(
    ("image", "claim", "before", "reason"),
    [
        ("nginx:nowhere", "", "", r"pod web-0: container nginx: (ErrImagePull|ImagePullBackOff)"),
        ("nginx:alpine", UNBOUND, "", "unbound immediate PersistentVolumeClaims"),
        ("nginx:alpine", "", QUOTA, "exceeded quota: few"),
    ],
)
def test_a_workload_that_never_starts_says_why(
    tmp_path: Path, image: str, claim: str, before: str, reason: str
) -> None:
    ran = run_sandboxed(tmp_path, OPTIONS, experiment=manifests(tmp_path, image, claim, before))
    assert isinstance(ran.result.error, SteadyStateError)
    assert ran.result.error.exit_code == 4
    (missing,) = [details["missing"] for _, what, details in ran.history.marks if what == "steady-state"]
    assert any(re.search(reason, one) for one in missing), missing


@checker()
def nothing(reading: Reading) -> Iterator[Finding]:
    yield from (unsure(str(details["reasons"])) for _, what, details in reading.marks if what == "not-ready")


def test_pods_that_a_method_waits_for_in_vain_are_named_in_its_history(tmp_path: Path) -> None:
    made = manifests(tmp_path, "nginx:nowhere")

    async def method(run: Run) -> None:
        await run.apply("web.yaml")
        assert len(await run.ready_pods("app=web", 2, within_s=10)) == 0

    ran: Ran = run_sandboxed(
        tmp_path,
        OPTIONS,
        experiment=replace(made, workload=None, probes=(), method=method, checkers=(nothing,)),
    )
    assert ran.result.error is None
    assert "web-0: container nginx: " in nothing(Reading(ran.history)).summary


def test_a_limit_range_and_a_quota_that_suffice_change_nothing(tmp_path: Path) -> None:
    limits = """
apiVersion: v1
kind: LimitRange
metadata: {name: usual}
spec: {limits: [{type: Container, defaultRequest: {cpu: 10m}, default: {cpu: 100m}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: enough}
spec: {hard: {pods: "5", requests.cpu: "1"}}
"""
    ran = run_sandboxed(tmp_path, OPTIONS, experiment=manifests(tmp_path, "nginx:alpine", before=limits))
    assert ran.result.error is None
