"""Who else has the pods, the names and the services of a StatefulSet; each fix, applied as it says, mends it."""

from __future__ import annotations

import json

import pytest

from chaos.diagnose import Diagnosis, Severity, diagnose
from tests.diagnose.looking import checks, keys, live, of_text, only, service, stateful_set
from tests.diagnose.mending import Change, mended, set_to

OK = service() + stateful_set()


def pods(kind: str, name: str, labels: dict[str, str], port: int = 80, **spec: object) -> str:
    """A workload whose pods have these labels."""
    container = {"name": "c", "image": "x", "ports": [{"containerPort": port}]}
    batch = {"restartPolicy": "Never"} if kind in ("Job", "CronJob") else {}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **batch, **spec}}
    body: dict[str, object] = {"template": template}
    if kind == "CronJob":
        body = {"schedule": "0 2 * * *", "jobTemplate": {"spec": body}}
    if kind == "Deployment":
        body |= {"selector": {"matchLabels": labels}, "replicas": 2}
    version = "batch/v1" if batch else "apps/v1"
    return f"---\n{json.dumps({'apiVersion': version, 'kind': kind, 'metadata': {'name': name}, 'spec': body})}\n"


@pytest.mark.parametrize("kind", ["Job", "CronJob", "Deployment"])
def test_pods_of_others_behind_the_governing_service_are_named(kind: str) -> None:
    text = OK + pods(kind, "dump", {"app": "web"})
    found = only(of_text(text), "foreign-pods")
    assert found.severity is Severity.WARNING
    assert f"selects pods of {kind} dump too" in found.what


def test_a_job_that_is_over_has_no_pods_there_any_more() -> None:
    job = json.loads(pods("Job", "once", {"app": "web"}).removeprefix("---\n"))
    over = json.dumps({**job, "status": {"conditions": [{"type": "Complete", "status": "True"}]}})
    assert "foreign-pods" in checks(diagnose(live(OK, f"---\n{json.dumps(job)}")))
    assert "foreign-pods" not in checks(diagnose(live(OK, f"---\n{over}")))


def test_a_label_that_only_the_sets_pods_have_is_the_fix() -> None:
    text = OK.replace("{app: web}", "{app: web, role: db}") + pods("CronJob", "dump", {"app": "web"})
    assert only(of_text(text), "foreign-pods").fix == "set spec.selector to app=web,role=db"
    assert keys(mended(text, ("Service/web", set_to("spec.selector", {"app": "web", "role": "db"})))) == []


def test_without_such_a_label_the_others_get_another_one() -> None:
    text = OK + pods("CronJob", "dump", {"app": "web"})
    assert only(of_text(text), "foreign-pods").fix.endswith("in the template: app: web-job")
    labels = "spec.jobTemplate.spec.template.metadata.labels"
    assert keys(mended(text, ("CronJob/dump", set_to(labels, {"app": "web-job"})))) == []


def test_a_service_for_clients_may_lead_to_several_workloads() -> None:
    """A headless one that members of several kinds gossip by, too."""
    labels = {"app": "web", "part-of": "ring"}
    text = OK.replace("labels: {app: web}", "labels: {app: web, part-of: ring}") + pods("Deployment", "b", labels)
    text = text.replace('"selector": {"app": "web"}', '"selector": {"app": "web", "set": "yes"}')
    text = text.replace("labels: {app: web, ", "labels: {app: web, set: 'yes', ")
    ring = service("ring", selector={"part-of": "ring"})
    assert "foreign-pods" not in checks(of_text(text, ring))
    other = text.replace('"containerPort": 80', '"containerPort": 9')
    assert only(of_text(other, ring), "foreign-pods").object.name == "ring"


def test_a_service_for_clients_that_reaches_another_database_is_told() -> None:
    other = service("api", selector={"app": "api"}, ports=[{"port": 6379, "name": "redis"}])
    other += second("{app: api, release: r}", "api").replace("containerPort: 80, name: web", "containerPort: 6379")
    text = OK.replace("labels: {app: web}", "labels: {app: web, release: r}") + other
    wide = service("clients", headless=False, selector={"release": "r"})
    found = only(of_text(text, wide), "foreign-pods")
    assert found.fix == "set spec.selector to app=web,release=r"
    assert keys(of_text(text, wide.replace('"release": "r"', '"app": "web", "release": "r"'))) == []


def second(labels: str, governed: str = "web") -> str:
    text = stateful_set().replace("{name: web}\n", "{name: api}\n").replace("{app: web}", labels)
    return text.replace("serviceName: web", f"serviceName: {governed}")


def test_two_sets_with_one_selector_are_told_and_labels_of_their_own_are_the_fix() -> None:
    text = OK + second("{app: web}")
    found = only(of_text(text), "overlapping-selectors")
    assert "Service web leads to pods of both" in found.what

    def own(name: str) -> Change:
        def change(obj: dict[str, dict[str, dict[str, dict[str, dict[str, str]]]]]) -> None:
            obj["spec"]["selector"]["matchLabels"]["set"] = name  # type: ignore[assignment]
            obj["spec"]["template"]["metadata"]["labels"]["set"] = name

        return change

    assert keys(mended(text, ("StatefulSet/web", own("web")), ("StatefulSet/api", own("api")))) == []


def test_two_sets_may_share_their_governing_service_on_purpose() -> None:
    one = OK.replace("labels: {app: web}", "labels: {app: web, role: a}").replace(
        "matchLabels: {app: web}", "matchLabels: {app: web, role: a}"
    )
    assert keys(of_text(one, second("{app: web, role: b}"))) == []
    text = service("api", selector={"role": "b"}) + second("{app: web, role: b}", "api")
    assert "StatefulSet api too" in only(of_text(one, text), "foreign-pods").what


@pytest.mark.parametrize(
    ("port", "container", "severity", "fixed"),
    [
        ({"port": 80, "name": "a", "targetPort": "http"}, "{containerPort: 8080, name: http}", "warning", 8080),
        ({"port": 80, "name": "a", "targetPort": 8080}, "{containerPort: 8080}", "warning", 8080),
        ({"port": 80, "name": "a", "targetPort": "http"}, "{containerPort: 80, name: http}", None, 0),
        ({"port": 81, "name": "a"}, "{containerPort: 80}", "note", 80),
        ({"port": 80, "name": "a", "targetPort": "none"}, "{containerPort: 80, name: http}", "note", 0),
        ({"port": 80, "name": "a", "targetPort": "u"}, "{containerPort: 80, name: u, protocol: UDP}", "note", 0),
    ],
)
def test_a_headless_service_translates_nothing_by_number_or_by_name(
    port: dict[str, object], container: str, severity: str | None, fixed: int
) -> None:
    def found(row: dict[str, object]) -> Diagnosis:
        text = stateful_set().replace("{containerPort: 80, name: web}", container)
        return of_text(service(ports=[row]), text)

    assert [f.severity.value for f in found(port).findings] == ([severity] if severity else [])
    if fixed:
        assert keys(found({**port, "port": fixed})) == []


def test_behind_a_virtual_address_a_missing_named_port_is_an_error() -> None:
    clients = service("clients", headless=False, ports=[{"port": 80, "targetPort": "none"}])
    assert only(of_text(OK, clients), "port").severity is Severity.ERROR


def test_a_service_of_one_pod_may_publish_it_before_it_is_ready() -> None:
    selector = {"statefulset.kubernetes.io/pod-name": "web-0"}
    one = service("one", headless=False, publishNotReadyAddresses=True, selector=selector)
    assert keys(of_text(OK, one)) == []


def budget(**spec: object) -> str:
    whole = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    row = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": whole}
    return f"---\n{json.dumps(row)}\n"


@pytest.mark.parametrize(
    ("spec", "never"),
    [
        ({"minAvailable": 3}, True),
        ({"minAvailable": "100%"}, True),
        ({"minAvailable": "67%"}, True),
        ({"minAvailable": "66%"}, False),
        ({"minAvailable": 2}, False),
        ({"maxUnavailable": 0}, True),
        ({"maxUnavailable": "0%"}, True),
        ({"maxUnavailable": "1%"}, False),
        ({"maxUnavailable": 1}, False),
        ({"minAvailable": 3, "selector": {"matchLabels": {"app": "x"}}}, False),
    ],
)
def test_a_budget_that_never_allows_an_eviction(spec: dict[str, object], never: bool) -> None:
    """Percentages are rounded up, both of them, as the disruption controller does."""
    assert ("no-eviction" in checks(of_text(OK, budget(**spec)))) is never
    assert keys(of_text(OK, budget(maxUnavailable=1))) == []


def test_two_budgets_for_one_pod_let_nobody_evict_it() -> None:
    two = budget(maxUnavailable=1) + budget(maxUnavailable=1).replace('"b"', '"c"')
    assert "answers 500" in only(of_text(OK, two), "no-eviction").what


def test_a_number_that_an_autoscaler_changes_is_not_judged() -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "s"},
        "spec": {"maxReplicas": 9, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}},
    }
    assert "no-eviction" not in checks(of_text(OK, budget(minAvailable=3), json.dumps(scaler)))


def test_grace_of_zero_gives_the_name_away_too_early() -> None:
    text = service() + stateful_set(pod="terminationGracePeriodSeconds: 0")
    assert only(of_text(text), "no-grace").severity is Severity.WARNING
    assert keys(mended(text, ("StatefulSet/web", set_to("spec.template.spec.terminationGracePeriodSeconds", 1)))) == []


def test_a_missing_service_with_a_similar_one_beside_it_names_that_first() -> None:
    text = service("web-headless") + stateful_set()
    found = of_text(text)
    assert keys(found) == [("error", "governing-service", "StatefulSet/web")]
    assert found.findings[0].fix.startswith("recreate the StatefulSet with serviceName: web-headless, which selects")
    assert keys(mended(text, ("StatefulSet/web", set_to("spec.serviceName", "web-headless")))) == []


def test_an_external_name_is_replaced_by_what_the_set_needs() -> None:
    external = service(headless=False, type="ExternalName", externalName="a.b.example", selector={}, ports=[])
    text = external + stateful_set()
    assert "clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80}]" in of_text(text).findings[0].fix
    ports = [{"name": "web", "port": 80}]
    whole = {"clusterIP": "None", "selector": {"app": "web"}, "ports": ports}
    assert keys(mended(text, ("Service/web", set_to("spec", whole)))) == []
