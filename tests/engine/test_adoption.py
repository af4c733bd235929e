"""`--target`: a workload that was there before is measured as it is, refused where it cannot be, and left as it was."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import kubesim
from chaos.analysis.identity import identities
from chaos.analysis.questions import answer_all
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import RecoveryOutcome, recoveries
from chaos.analysis.trials import trials
from chaos.cli.saved import conclude
from chaos.engine.consent import OPT_IN_LABEL
from chaos.errors import PreflightError, UsageError
from chaos.experiment import Options, find_experiment
from chaos.model import Outcome
from kubesim import VirtualTimeLoop
from tests.edited import Edited
from tests.sandboxed import Ran, run_on

MANIFEST = Path(__file__).parents[2] / "experiments" / "manifests" / "web-quick.yaml"
OPTIONS = Options(
    namespace="mine", target="statefulset/web", trials=1, grace_s=1, max_qps=None, period_s=0.01, identify="http:/"
)


def manifests() -> tuple[dict[str, Any], dict[str, Any]]:
    service, statefulset = yaml.safe_load_all(MANIFEST.read_text())
    return service, statefulset


def adopted(
    tmp_path: Path,
    service: dict[str, Any],
    statefulset: dict[str, Any],
    options: Options = OPTIONS,
    *,
    meddle: dict[str, Any] | None = None,
    staged_s: float = 0.0,
    dual_stack: bool = False,
    corefile: str = "",
) -> tuple[Ran, list[str]]:
    """Run on a sandbox in which that workload has been running for a minute; returns what is there afterwards too.

    `meddle` is a change of the StatefulSet's spec that somebody makes in the middle of the run; another template
    is `staged_s` old when it begins (0: there is none).
    """

    async def main() -> tuple[Ran, list[str]]:
        async with kubesim.Cluster(seed=1, dual_stack=dual_stack, corefile=corefile) as sandbox:
            labels = {OPT_IN_LABEL: "true"}
            sandbox.api.registry.create("Namespace", {"metadata": {"name": "mine", "labels": labels}})
            for obj in (service, statefulset):
                sandbox.api.registry.create(obj["kind"], obj, namespace="mine")
            await asyncio.sleep(60)
            if staged_s:
                labels = {"app": "web-stateful", "new": "yes"}
                change(sandbox, {"template": {**statefulset["spec"]["template"], "metadata": {"labels": labels}}})
                await asyncio.sleep(staged_s)
            loop = asyncio.get_running_loop()
            if meddle is not None:
                loop.call_later(1.5, change, sandbox, meddle)
            ran = await run_on(sandbox, tmp_path, options)
            left = [f"{o['kind']} {o['metadata']['name']}" for o in sandbox.store.list("StatefulSet")]
            left += [o["metadata"]["name"] for o in sandbox.store.list("Pod") if o["metadata"]["namespace"] == "mine"]
            left += [f"Lease {o['metadata']['name']}" for o in sandbox.store.list("Lease")]
            return ran, left

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


def change(sandbox: kubesim.Cluster, fields: dict[str, Any]) -> None:
    found = sandbox.store.get("StatefulSet", "mine", "web")
    assert found is not None
    sandbox.api.registry.update("StatefulSet", {**found, "spec": {**found["spec"], **fields}})


def verdicts(ran: Ran) -> dict[str, str]:
    concluded = conclude(ran.result.folder, ran.history, ran.result.error, find_experiment("identity-persistence"))
    return {v.checker: str(v.outcome) for v in concluded.said.verdicts}


def test_a_workload_of_ones_own_is_measured_and_still_there_afterwards(tmp_path: Path) -> None:
    ran, left = adopted(tmp_path, *manifests())
    assert verdicts(ran) == {
        "fault-took-effect": "ok",
        "steady-state": "ok",
        "identity-kept": "ok",
        "single-identity": "ok",
        "recovered-within": "ok",
        "target-left-alone": "ok",
    }
    assert left == ["StatefulSet web", "web-0", "web-1", "web-2"]
    assert ran.history.meta.target["statefulset"] == "web"


def test_without_an_identity_probe_nobody_connects_to_it(tmp_path: Path) -> None:
    ran, _ = adopted(tmp_path, *manifests(), replace(OPTIONS, identify="none"))
    assert {series.probe for series in ran.history.series} == {"dns"}
    assert ran.history.meta.measurement["connections"] == 0
    assert verdicts(ran)["recovered-within"] == "ok"
    said = " ".join(a.answer for a in answer_all(Reading(ran.history), ["connection-handling"]))
    assert "Not measured: HTTP by the pod's name" in said


def test_of_a_dual_stack_service_both_families_are_measured(tmp_path: Path) -> None:
    """As on a real dual-stack cluster (Kubernetes 1.37): an EndpointSlice, and records, of each family."""
    service, statefulset = manifests()
    service["spec"]["ipFamilyPolicy"] = "PreferDualStack"
    ran, _ = adopted(tmp_path, service, statefulset, dual_stack=True)
    assert verdicts(ran)["identity-kept"] == "ok"
    assert verdicts(ran)["recovered-within"] == "ok"
    reading = Reading(ran.history)
    measured = recoveries(reading)
    six = [r for r in measured if r.kind is RecordKind.POD_AAAA]
    assert len(six) == len([r for r in measured if r.kind is RecordKind.POD_A])
    assert {r.outcome for r in six} == {RecoveryOutcome.RECOVERED}
    assert all(r.trial.life.new_ipv6 not in ("", r.trial.target.ipv6) for r in six)
    assert "A record, AAAA record, SRV entry" in answer_all(reading, ["identity-kept"])[0].answer
    assert "its AAAA records are asked" in " ".join(ran.history.meta.environment["remarks"])


def test_where_the_ipv6_record_keeps_the_old_address_identity_is_not_kept(tmp_path: Path) -> None:
    service, statefulset = manifests()
    service["spec"]["ipFamilyPolicy"] = "PreferDualStack"
    ran, _ = adopted(tmp_path, service, statefulset, dual_stack=True)
    (trial,) = trials(Reading(ran.history))
    old = Outcome("NOERROR", "answer", (trial.target.ipv6,), ttl=30)
    edited = Edited(ran.history)
    history = edited.series(f"AAAA {trial.target.name}.web", "service").say(old, after=0.5).history
    (identity,) = identities(Reading(history))
    assert not identity.facet("AAAA record").kept
    assert identity.facet("A record").kept


def test_a_service_of_the_other_family_only_is_refused(tmp_path: Path) -> None:
    service, statefulset = manifests()
    service["spec"]["ipFamilies"] = ["IPv6"]
    service["spec"]["clusterIPs"] = ["None"]
    with pytest.raises(PreflightError, match="the family IPv6 only"):
        adopted(tmp_path, service, statefulset)


def test_a_page_that_merely_names_the_pod_says_who_answers(tmp_path: Path) -> None:
    service, statefulset = manifests()
    script = (
        "echo '{\"host\": \"'$(hostname)'\", \"ok\": true}' > /usr/share/nginx/html/who && exec nginx -g 'daemon off;'"
    )
    statefulset["spec"]["template"]["spec"]["containers"][0]["args"] = ["-c", script]
    ran, _ = adopted(tmp_path, service, statefulset, replace(OPTIONS, identify="http:/who"))
    answered = {v for o in ran.history.outcomes if o.status == "OK" and o.phase == "response" for v in o.values}
    assert answered == {"web-0", "web-1", "web-2"}


def mysql() -> tuple[dict[str, Any], dict[str, Any]]:
    """The same shape with a database in it."""
    service, statefulset = manifests()
    service["spec"]["ports"] = [{"port": 3306, "name": "mysql"}]
    container = {
        "name": "mysql",
        "image": "mysql:8.0",
        "env": [{"name": "MYSQL_ROOT_PASSWORD", "value": "hunter2"}],
        "ports": [{"containerPort": 3306, "name": "mysql"}],
        "readinessProbe": {"tcpSocket": {"port": 3306}, "periodSeconds": 1},
    }
    statefulset["spec"]["template"]["spec"]["containers"] = [container]
    return service, statefulset


def test_a_database_is_asked_by_a_real_client_who_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOS_IDENTIFY_PASSWORD", "hunter2")
    ran, _ = adopted(tmp_path, *mysql(), replace(OPTIONS, identify="mysql"))
    assert verdicts(ran) == dict.fromkeys(verdicts(ran), "ok")
    answered = {o.values for o in ran.history.outcomes if o.status == "OK" and o.phase == "query"}
    assert answered == {("web-0",), ("web-1",), ("web-2",)}
    assert "tcp" not in {series.probe for series in ran.history.series}
    for file in ran.result.folder.iterdir():
        assert "hunter2" not in file.read_text(encoding="utf-8")


def test_with_a_wrong_password_nothing_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOS_IDENTIFY_PASSWORD", "wrong")
    ran, _ = adopted(tmp_path, *mysql(), replace(OPTIONS, identify="mysql"))
    assert ran.result.error is not None
    assert "ERROR 1045" in ran.result.error.message
    assert not ran.history.faults


def test_a_container_is_asked_who_it_is_before_and_after(tmp_path: Path) -> None:
    ran, _ = adopted(tmp_path, *manifests(), replace(OPTIONS, identify="exec:hostname"))
    assert verdicts(ran)["says-its-name"] == "ok"
    said = [details["said"] for _, what, details in ran.history.marks if what == "inside"]
    assert said == ["web-0", "web-1", "web-2", "web-0"]


def test_a_container_that_says_another_name_fails(tmp_path: Path) -> None:
    ran, _ = adopted(tmp_path, *manifests(), replace(OPTIONS, identify="exec:echo somebody"))
    assert verdicts(ran)["says-its-name"] == "fail"


def test_what_somebody_else_changes_meanwhile_makes_the_run_inconclusive(tmp_path: Path) -> None:
    ran, _ = adopted(tmp_path, *manifests(), meddle={"minReadySeconds": 1})
    assert verdicts(ran)["target-left-alone"] == "unknown"


def refused(tmp_path: Path, service: dict[str, Any], statefulset: dict[str, Any], options: Options = OPTIONS) -> str:
    with pytest.raises(PreflightError) as caught:
        adopted(tmp_path, service, statefulset, options)
    assert not list(tmp_path.glob("identity-persistence/*"))  # nothing was begun
    return f"{caught.value.message} | {caught.value.hint}"


def test_a_target_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    said = refused(tmp_path, *manifests(), replace(OPTIONS, target="statefulset/db"))
    assert "no StatefulSet db" in said
    assert "it has: web" in said


def test_a_target_without_replicas_is_refused(tmp_path: Path) -> None:
    service, statefulset = manifests()
    statefulset["spec"]["replicas"] = 0
    assert "has no replicas" in refused(tmp_path, service, statefulset)


def test_a_target_without_its_governing_service_is_refused(tmp_path: Path) -> None:
    service, statefulset = manifests()
    statefulset["spec"]["serviceName"] = "nope"
    assert "names the service nope, which does not exist" in refused(tmp_path, service, statefulset)


def test_a_target_whose_service_is_not_headless_is_refused(tmp_path: Path) -> None:
    service, statefulset = manifests()
    del service["spec"]["clusterIP"]
    assert "which is not headless" in refused(tmp_path, service, statefulset)


def test_a_target_whose_pods_are_not_ready_is_refused(tmp_path: Path) -> None:
    service, statefulset = manifests()
    statefulset["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:nowhere"
    said = refused(tmp_path, service, statefulset)
    assert "0 of 3 pods are Ready (web-0: container " in said
    assert "ErrImagePull" in said or "ImagePullBackOff" in said


def test_a_target_in_the_middle_of_a_rollout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="a rollout"):
        adopted(tmp_path, *manifests(), staged_s=1)


def test_a_target_of_an_operator_is_measured_and_the_operator_named(tmp_path: Path) -> None:
    service, statefulset = manifests()
    owner = {"apiVersion": "example.com/v1", "kind": "Database", "name": "shop", "uid": "1", "controller": True}
    statefulset["metadata"]["ownerReferences"] = [owner]
    ran, _ = adopted(tmp_path, service, statefulset)
    assert any("is managed by Database shop" in remark for remark in ran.history.meta.environment["remarks"])


def test_a_target_whose_owner_has_staged_another_template_is_refused(tmp_path: Path) -> None:
    """With OnDelete the deletion would roll it out, and nothing could take it back."""
    service, statefulset = manifests()
    statefulset["spec"]["updateStrategy"] = {"type": "OnDelete"}
    with pytest.raises(PreflightError, match="would roll it out"):
        adopted(tmp_path, service, statefulset, staged_s=10)


def test_a_single_replica_is_measured(tmp_path: Path) -> None:
    service, statefulset = manifests()
    statefulset["spec"]["replicas"] = 1
    ran, left = adopted(tmp_path, service, statefulset)
    assert verdicts(ran)["recovered-within"] == "ok"
    assert left == ["StatefulSet web", "web-0"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"namespace": ""}, "it is in a namespace"),
        ({"target": "deployment/web"}, "must be statefulset/NAME"),
        ({"target": "web"}, "must be statefulset/NAME"),
        ({"identify": "smtp"}, "--identify smtp is not known"),
        ({"identify": "exec:echo 'x"}, "is not known"),
        ({"identify": "exec:''"}, "is not known"),
        ({"target": "", "namespace": ""}, "about a target of your own"),
    ],
)
def test_a_target_that_cannot_be_meant_is_a_usage_error(fields: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("it is in", "is in")):
        replace(OPTIONS, **fields)  # type: ignore[arg-type]  # str fields only


def test_an_experiment_with_a_workload_of_its_own_only_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with kubesim.Cluster(seed=1) as sandbox:
            sandbox.api.registry.create("Namespace", {"metadata": {"name": "mine", "labels": {OPT_IN_LABEL: "true"}}})
            await run_on(sandbox, tmp_path, OPTIONS, find_experiment("scale-cycle"))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner, pytest.raises(UsageError, match="its own workload"):
        runner.run(main())
