"""Managed DNS, meshes, admission and quotas: doctor and the preflight say what can still be measured and what helps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chaos.agents import manifests
from chaos.engine.admission import pod_of, require_admitted
from chaos.engine.doctor import Doctor, Finding, Status
from chaos.engine.views import find_dns
from chaos.errors import ApiError, PreflightError
from chaos.options.agents import AgentOptions, PodOptions
from kubesim import StoreError
from kubesim.store import clone
from tests.diagnose.clusters import Place, run

POLICY = "ValidatingAdmissionPolicy 'images' with binding 'all' denied request: only registry.corp images"
WEBHOOK = 'admission webhook "labels.corp" denied the request: label team is required'
RESTRICTED = 'violates PodSecurity "restricted:latest": seccompProfile (pod "x" must set securityContext)'
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {pods: "2", requests.cpu: 40m}}
"""
LIMITS = """
apiVersion: v1
kind: LimitRange
metadata: {name: small}
spec: {limits: [{type: Container, max: {memory: 16Mi}}]}
"""
Webhook = Callable[[str, dict[str, Any]], None]


def refusing(why: str, status: int = 403) -> Webhook:
    """What refuses pods with these words."""

    def webhook(kind: str, obj: dict[str, Any]) -> None:
        if kind == "Pod":
            raise StoreError(status, "Forbidden", f'pods "{obj["metadata"]["name"]}" is forbidden: {why}')

    return webhook


def injecting(kind: str, obj: dict[str, Any]) -> None:
    """A mesh's sidecar, whatever the pod says."""
    if kind == "Pod":
        obj["spec"]["containers"].append({"name": "istio-proxy", "image": "istio/proxyv2:1.27"})


def agents(count: int = 1) -> dict[str, Any]:
    return manifests.job("chaos-agents-x", "default", 600, AgentOptions(count=count), PodOptions())


async def doctor(place: Place) -> dict[str, Finding]:
    looking = Doctor(place.cluster, place.sandbox.vantage, "default", "python:3.11-slim", in_cluster=False)
    return {finding.what: finding async for finding in looking.findings()}


def examined(*prepared: Callable[[Place], Awaitable[None]], webhook: Webhook | None = None) -> dict[str, Finding]:
    async def story(place: Place) -> dict[str, Finding]:
        for prepare in prepared:
            await prepare(place)
        if webhook is not None:
            place.sandbox.api.registry.webhooks.append(webhook)
        before = list(place.sandbox.store.list("Pod")), list(place.sandbox.store.list("Job"))
        found = await doctor(place)
        assert (list(place.sandbox.store.list("Pod")), list(place.sandbox.store.list("Job"))) == before
        return found

    return run(story)


def applying(text: str) -> Callable[[Place], Awaitable[None]]:
    return lambda place: place.apply(text)


async def without_dns_pods(place: Place) -> None:
    """As where the provider runs cluster DNS: the Service is there, and what it selects is not."""
    service = place.sandbox.store.get("Service", "kube-system", "kube-dns")
    assert service is not None
    spec = {**service["spec"], "selector": {"k8s-app": "elsewhere"}}
    place.sandbox.store.update("Service", {**clone(service), "spec": spec})


async def in_a_mesh(place: Place) -> None:
    found = clone(place.sandbox.store.get("Namespace", "", "default") or {})
    labels = {**(found["metadata"].get("labels") or {}), "istio-injection": "enabled"}
    found["metadata"] = {**found["metadata"], "labels": labels, "annotations": {"linkerd.io/inject": "enabled"}}
    place.sandbox.store.update("Namespace", found)


def test_cluster_dns_without_pods_is_measured_at_its_address_and_doctor_says_what_that_costs() -> None:
    found = examined(without_dns_pods)["DNS views"]
    assert found.status is Status.WARNING
    assert "Service kube-dns of kube-system has no pods there" in found.found
    assert found.advice.endswith("that is all there is to see")


def test_pods_of_cluster_dns_that_may_not_be_listed_leave_its_address_and_a_role_that_helps() -> None:
    async def story(place: Place) -> None:
        everything = place.cluster.list

        async def forbidding(kind: str, namespace: str = "", labels: str = "", **more: Any) -> Any:
            if kind == "Pod":
                raise ApiError("listing Pod: forbidden", status=403)
            return await everything(kind, namespace, labels, **more)

        place.cluster.list = forbidding  # type: ignore[method-assign]
        dns = await find_dns(place.cluster)
        assert [view.name for view in dns.views] == ["service"]
        assert not dns.managed
        assert dns.limited == "listing Pod: forbidden"
        assert "no lower bound but the fault itself" in dns.remarks[0]

    run(story)


def test_a_service_without_the_usual_label_is_known_by_its_name_and_none_is_told_with_the_way_on() -> None:
    async def story(place: Place) -> None:
        service = clone(place.sandbox.store.get("Service", "kube-system", "kube-dns") or {})
        service["metadata"] = {**service["metadata"], "labels": {}}
        place.sandbox.store.update("Service", service)
        assert len((await find_dns(place.cluster)).views) == 3
        await place.cluster.delete("Service", "kube-dns", "kube-system")
        with pytest.raises(PreflightError, match="no Service labelled") as caught:
            await find_dns(place.cluster)
        assert "in a pod of the cluster" in caught.value.hint

    run(story)


def test_a_namespace_in_a_mesh_is_told_and_agents_stay_outside_by_their_labels() -> None:
    found = examined(in_a_mesh)
    assert found["mesh"].status is Status.WARNING
    assert found["mesh"].found == "default asks for Istio (istio-injection=enabled)"
    assert "PERMISSIVE" in found["mesh"].advice
    assert found["admission"].status is Status.OK
    meta = pod_of(agents())["metadata"]
    assert meta["labels"]["sidecar.istio.io/inject"] == "false"
    assert meta["annotations"]["linkerd.io/inject"] == "disabled"


def test_a_sidecar_that_is_injected_all_the_same_is_seen_in_a_dry_run() -> None:
    found = examined(webhook=injecting)["admission"]
    assert found.status is Status.WARNING
    assert found.found == "agents would be changed: it gets the container istio-proxy (istio/proxyv2:1.27)"
    assert "Istio takes them in" in found.advice


@pytest.mark.parametrize(
    ("why", "status", "who", "advice"),
    [
        (POLICY, 422, "an admission policy refuses it", "matchConditions"),
        (WEBHOOK, 403, "an admission webhook refuses it", "--agent-image"),
        (RESTRICTED, 403, "Pod Security refuses it", "pod-security.kubernetes.io/enforce"),
        ("failed quota: q: must specify limits.cpu", 403, "a ResourceQuota has no room", "larger quota"),
        ("no such luck", 403, "no such luck", "use another namespace"),
    ],
)
def test_a_refusal_is_told_before_anything_is_made_with_who_refuses_and_what_helps(
    why: str, status: int, who: str, advice: str
) -> None:
    async def story(place: Place) -> tuple[Finding, PreflightError]:
        place.sandbox.api.registry.webhooks.append(refusing(why, status))
        with pytest.raises(PreflightError) as caught:
            await require_admitted(place.cluster, "agents", agents())
        return (await doctor(place))["admission"], caught.value

    found, error = run(story)
    assert found.status is Status.WARNING
    assert found.found.startswith("agents would not be taken: ")
    for text, help_ in ((found.found, found.advice), (error.message, error.hint)):
        assert who in text
        assert why in text
        assert advice in help_
    assert error.message.startswith("namespace default takes no Pod of agents")


@pytest.mark.parametrize(
    ("why", "status", "said"),
    [
        ("webhook w does not support dry run", 400, "takes no dry run"),
        ('User "u" cannot create resource "pods" in API group ""', 403, "may not be tried with these permissions"),
    ],
)
def test_what_may_not_be_asked_is_unknown_and_stops_no_run(why: str, status: int, said: str) -> None:
    async def story(place: Place) -> Finding:
        place.sandbox.api.registry.webhooks.append(refusing(why, status))
        before = dict(place.cluster.used)
        assert await require_admitted(place.cluster, "agents", agents()) == []
        assert dict(place.cluster.used) == before  # no Role needs to allow it
        return (await doctor(place))["admission"]

    found = run(story)
    assert found.status is Status.UNKNOWN
    assert said in found.found


def test_what_is_in_the_way_now_is_left_to_the_request_itself() -> None:
    """The pod or the set of an earlier run may be on its way out."""

    async def story(place: Place) -> list[str]:
        await place.cluster.create(agents())
        return await require_admitted(place.cluster, "agents", agents())

    assert run(story) == []


def test_what_admission_does_to_the_pods_of_a_run_is_a_note() -> None:
    async def story(place: Place) -> list[str]:
        place.sandbox.api.registry.webhooks.append(injecting)
        return await require_admitted(place.cluster, "agents", agents())

    expected = "Admission changes pods of agents: it gets the container istio-proxy (istio/proxyv2:1.27)."
    assert run(story) == [expected]


def test_quotas_and_limits_that_agents_would_exceed_are_told_with_what_they_have() -> None:
    found = examined(applying(QUOTA))
    assert found["ResourceQuota"].found == "no room for 1 agent: few has requests.cpu 40m, of which 0 is used"
    assert "--agent-cpu" in found["ResourceQuota"].advice
    assert "exceeded quota: few" in found["admission"].found
    limited = examined(applying(LIMITS))["admission"]
    assert "a LimitRange refuses it" in limited.found
    assert "--agent-memory" in limited.advice


def test_the_pod_that_is_asked_about_has_the_volumes_of_the_claims_that_its_controller_makes() -> None:
    """Without them the server refuses any pod that mounts one, and the run with it."""
    mount = {"name": "data", "mountPath": "/data"}
    spec = {"containers": [{"name": "db", "image": "db", "volumeMounts": [mount]}], "volumes": [{"name": "tmp"}]}
    owner = {
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {"template": {"metadata": {}, "spec": spec}, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
    }
    volumes = pod_of(owner)["spec"]["volumes"]
    assert [one["name"] for one in volumes] == ["tmp", "data"]
    assert volumes[1]["persistentVolumeClaim"] == {"claimName": "data-db-try"}
    assert spec["volumes"] == [{"name": "tmp"}]
