"""What people's own workloads have that the course's have not: sidecars, canaries, shared services, long ends."""

import asyncio
import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kubesim
from chaos.analysis.headline import headline, outages
from chaos.analysis.reading import Reading
from chaos.engine.consent import OPT_IN_LABEL
from chaos.engine.container_of import container_of
from chaos.engine.rollout import check_at_rest, check_not_staged
from chaos.engine.serving_port import serving_port
from chaos.errors import PreflightError
from chaos.model.object import Object
from chaos.options.identify import Identify
from kubesim import VirtualTimeLoop
from tests.engine.test_adoption import OPTIONS, adopted, manifests, refused, verdicts
from tests.sandboxed import Ran, run_on

CONTAINERS = [
    {"name": "exporter", "image": "registry.k8s.io/pause:3.10", "ports": [{"containerPort": 9100, "name": "metrics"}]},
    {"name": "web", "image": "nginx:alpine", "ports": [{"containerPort": 80, "name": "http"}]},
]


def pod() -> Object:
    return {"metadata": {"name": "ledger-0"}, "spec": {"containers": CONTAINERS}}


def marked(name: str) -> Object:
    found = pod()
    found["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": name}
    return found


def odd(tmp_path: Path) -> Ran:
    """One workload with all of it: a canary, a sidecar before the server, a service without ports that others share."""
    service, statefulset = manifests()
    del service["spec"]["ports"]
    template = statefulset["spec"]["template"]
    template["spec"]["containers"].insert(0, CONTAINERS[0])
    template["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "nginx"}
    other = copy.deepcopy(statefulset)
    other["metadata"]["name"] = "cart"
    other["spec"]["replicas"] = 1
    for spec, name in ((statefulset["spec"], "ledger"), (other["spec"], "cart")):
        spec["selector"]["matchLabels"]["part"] = spec["template"]["metadata"]["labels"]["part"] = name
    statefulset["metadata"]["name"] = "ledger"
    statefulset["spec"]["replicas"] = 2
    statefulset["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    options = replace(OPTIONS, target="statefulset/ledger", identify="exec:hostname", trials=2)

    async def main() -> Ran:
        async with kubesim.Cluster(seed=1) as cluster:
            labels = {OPT_IN_LABEL: "true"}
            cluster.api.registry.create("Namespace", {"metadata": {"name": "mine", "labels": labels}})
            for obj in (service, statefulset, other):
                cluster.api.registry.create(obj["kind"], obj, namespace="mine")
            await asyncio.sleep(30)
            found = cluster.store.get("StatefulSet", "mine", "ledger")
            assert found is not None
            changed = copy.deepcopy(found)
            changed["spec"]["template"]["metadata"]["labels"]["new"] = "yes"
            cluster.api.registry.update("StatefulSet", changed)
            await asyncio.sleep(20)
            ran = await run_on(cluster, tmp_path, options)
            revisions = [p["metadata"]["labels"].get("new") for p in cluster.store.list("Pod") if "ledger" in str(p)]
            assert sorted(revisions, key=str) == [None, "yes"]  # nothing was rolled out
            return ran

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


def test_a_canary_with_a_sidecar_whose_service_is_shared_and_has_no_ports_is_measured(tmp_path: Path) -> None:
    ran = odd(tmp_path)
    assert verdicts(ran) == dict.fromkeys(verdicts(ran), "ok")
    said = [details["said"] for _, what, details in ran.history.marks if what == "inside"]
    assert said == ["ledger-0", "ledger-1", "ledger-0", "ledger-1"]
    assert "DNS name of a deleted pod of ledger did not lead" in headline(Reading(ran.history))
    remarks = " ".join(ran.history.meta.environment["remarks"])
    assert "selects pods of others too (cart-0)" in remarks
    assert "no SRV records" in remarks
    assert "its first 1 pods at an older template" in remarks
    assert ran.history.meta.parameters["container"] == "nginx"


COREFILE = """.:53 {
    kubernetes corp.internal in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . /etc/resolv.conf
    cache 30
}
"""


def test_a_name_that_leads_to_a_pod_that_is_gone_is_not_told_as_leading_to_its_successor(tmp_path: Path) -> None:
    """A cache in CoreDNS, in a cluster with another domain: no answer is missing, and for seconds all are wrong."""
    service, statefulset = manifests()
    statefulset["spec"]["replicas"] = 1
    options = replace(OPTIONS, identify="none", period_s=0.2)
    ran, _ = adopted(tmp_path, service, statefulset, options, corefile=COREFILE)
    assert ran.history.meta.target["domain"] == "corp.internal"
    (absent,) = outages(Reading(ran.history))
    assert absent.after_ns > 20e9


def test_a_limit_that_nobody_chose_leaves_room_for_the_grace_period(tmp_path: Path) -> None:
    service, statefulset = manifests()
    statefulset["spec"]["replicas"] = 1
    statefulset["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 300
    ran, _ = adopted(tmp_path, service, statefulset, replace(OPTIONS, grace_s=None, identify="none"))
    assert ran.history.meta.parameters["within_s"] == 360
    assert "may take 300 s to end" in " ".join(ran.history.meta.environment["remarks"])


def test_a_port_that_nobody_listens_at_is_refused_at_once(tmp_path: Path) -> None:
    assert "refuses connections to its port 81" in refused(tmp_path, *manifests(), replace(OPTIONS, port=81))


def test_a_container_that_the_pods_do_not_have_is_refused_with_those_that_they_have(tmp_path: Path) -> None:
    options = replace(OPTIONS, identify="exec:hostname", container="db")
    assert "has no container db" in refused(tmp_path, *manifests(), options)


@pytest.mark.parametrize(
    ("found", "asked", "container"),
    [
        (pod(), "", "exporter"),
        (marked("web"), "", "web"),
        (marked("web"), "exporter", "exporter"),
        (marked("gone"), "", "exporter"),
    ],
)
def test_a_command_runs_in_the_container_that_kubectl_takes(found: Object, asked: str, container: str) -> None:
    assert container_of(found, asked) == container


def headless(*ports: dict[str, Any]) -> Object:
    return {"metadata": {"name": "ledger"}, "spec": {"clusterIP": "None", "ports": list(ports)}}


@pytest.mark.parametrize(
    ("service", "identify", "number", "note"),
    [
        (headless({"port": 9100, "name": "metrics"}, {"port": 80, "name": "http"}), "http:/", 80, "several ports"),
        (headless({"port": 9100}, {"port": 3306}), "mysql", 3306, "several ports"),
        (headless({"port": 1, "targetPort": "http"}), "http:/", 80, ""),
        (headless(), "http:/", 80, "its pods have"),
        (headless(), "none", 9100, ""),
    ],
)
def test_clients_connect_to_the_port_that_is_called_like_them(
    service: Object, identify: str, number: int, note: str
) -> None:
    found = serving_port(service, pod()["spec"], pod(), Identify.parse(identify), 0)
    assert found.number == number
    assert note in found.note
    assert bool(note) == bool(found.note)


def test_where_nobody_names_a_port_clients_have_none() -> None:
    bare: Object = {"metadata": {"name": "ledger-0"}, "spec": {"containers": [{"name": "web"}]}}
    with pytest.raises(PreflightError, match="name a TCP port") as caught:
        serving_port(headless(), bare["spec"], bare, Identify.parse("redis"), 0)
    assert "--port 6379" in caught.value.hint


def rolling(partition: int, updated: int) -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    spec = {"replicas": 3, "serviceName": "ledger", "updateStrategy": strategy}
    status = {
        "replicas": 3,
        "readyReplicas": 3,
        "currentRevision": "a",
        "updateRevision": "b",
        "updatedReplicas": updated,
    }
    return {"metadata": {"name": "ledger", "namespace": "mine"}, "spec": spec, "status": status}


def test_a_rollout_ends_at_its_partition() -> None:
    check_at_rest(rolling(2, 1))
    check_at_rest(rolling(9, 0))
    with pytest.raises(PreflightError, match=r"0 of 1 pods updated; its partition leaves 2 as they are"):
        check_at_rest(rolling(2, 0))


def test_a_pod_below_the_partition_has_the_older_template_and_any_other_the_newer() -> None:
    pods = [
        {"metadata": {"name": f"ledger-{i}", "labels": {"controller-revision-hash": h}}} for i, h in enumerate("aab")
    ]
    check_not_staged(rolling(2, 1), pods)
    with pytest.raises(PreflightError, match="pod ledger-1 does not have yet"):
        check_not_staged(rolling(1, 1), pods)
