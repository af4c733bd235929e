"""Names of pods and services: where they are looked for, from where they are asked, and what makes them right."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from chaos.diagnose import NotChecked, Severity, Snapshot, diagnose
from chaos.diagnose.checks.full_names import is_typo
from tests.diagnose.looking import checks, live, of_text, only, service, stateful_set, view_of

CLIENT = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  template:
    metadata: {{labels: {{app: api}}}}
    spec: {{{pod} containers: [{{name: c, image: 'nginx:1.27', env: [{{name: PEER, value: '{peer}'}}]}}]}}
"""


def client(peer: str, namespace: str = "default", pod: str = "") -> str:
    return CLIENT.format(peer=peer, namespace=namespace, pod=pod + "," if pod else "")


def with_peer(value: str, pod: str = "", more: str = "", name: str = "PEER", image: str = "nginx:1.27") -> str:
    return stateful_set(f"env: [{more}{{name: {name}, value: '{value}'}}]", pod=pod, image=image)


def unchecked(rows: tuple[NotChecked, ...], check: str) -> list[str]:
    return [row.why for row in rows if row.check == check and "needs a cluster" not in row.why]


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("web-0:80", True),
        ("http://web-{0...2}/x", True),
        ("web-0,web-1", False),
        ("web-0", False),
        ("data-web-0:80", False),
        ("/data/web-0:80", False),
        ("web-0.lan:9092", False),
        ("web-0.example.com:9092", False),
        ("web-0.elsewhere:9092", True),
        ("web-0=http://web-0.web:80", False),
    ],
)
def test_a_pods_name_alone_is_wrong_where_a_host_stands(written: str, wrong: bool) -> None:
    assert ("pod-name" in checks(of_text(service(), with_peer(written)))) is wrong


def test_a_list_of_names_alone_is_wrong_where_it_is_called_hosts() -> None:
    assert (
        only(of_text(service(), with_peer("web-0, web-1", name="SEEDS")), "pod-name").fix
        == "write web-0.web, web-1.web"
    )
    assert "pod-name" not in checks(of_text(service(), with_peer("web-0,web-1", name="INITIAL_MASTER_NODES")))


@pytest.mark.parametrize(
    "right",
    [
        service("web-0", headless=False, selector={"statefulset.kubernetes.io/pod-name": "web-0"}),
        "---\n{apiVersion: v1, kind: Pod, metadata: {name: web-0}, spec: {containers: [{name: c, image: x}]}}\n",
    ],
)
def test_something_else_of_that_name_makes_it_right(right: str) -> None:
    assert "pod-name" not in checks(of_text(service(), with_peer("web-0:80"), right))


def test_a_pods_own_search_list_or_hosts_file_makes_it_right() -> None:
    for pod in (
        "dnsConfig: {searches: [web.default.svc.cluster.local]}",
        "hostAliases: [{ip: 192.0.2.1, hostnames: [web-0]}]",
    ):
        assert "pod-name" not in checks(of_text(service(), with_peer("web-0:80", pod)))


def test_the_only_pod_knows_its_own_name() -> None:
    assert "pod-name" not in checks(of_text(service(), with_peer("web-0:80").replace("replicas: 3", "replicas: 1")))


def test_short_names_are_looked_up_in_the_namespace_of_the_asker() -> None:
    found = only(of_text(service(), stateful_set(), client("http://web-0.web:80", "app")), "pod-name")
    assert (found.severity, found.fix) == (Severity.ERROR, "write web-0.web.default.svc")
    for right in ("web-0.web.default:80", "web-0.web.default.svc:80", "web-0.web.default.svc.cluster.local"):
        assert "pod-name" not in checks(of_text(service(), stateful_set(), client(right, "app")))


def test_in_a_cluster_a_service_of_another_namespace_tells_as_much() -> None:
    elsewhere = view_of(service().replace('"name": "web"}, "spec"', '"name": "web", "namespace": "data"}, "spec"'))
    found = only(diagnose(live(client("web-0.web:80"), elsewhere=elsewhere.items)), "pod-name")
    assert found.fix == "write web-0.web.data.svc"


def test_a_namespace_that_was_only_assumed_is_not_held_against_names() -> None:
    text = (service(), with_peer("web-0.web.prod.svc.cluster.local"))
    assert "pod-name" in checks(of_text(*text))
    found = diagnose(replace(view_of(*text), namespace_assumed=True))
    assert "pod-name" not in checks(found)
    assert "-n prod judges it there" in unchecked(found.not_checked, "pod-name")[0]


@pytest.mark.parametrize(
    ("variables", "written", "wrong"),
    [
        ("{name: S, value: other},", "http://$(POD_NAME).$(S)/", True),
        ("{name: S, value: web},", "$(POD_NAME).$(S)", False),
        ("{name: S, value: web.default.svc.cluster.local},", "$(POD_NAME).$(S):80", False),
        ("{name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}},", "web-0.other.$(NS).svc", True),
        ("{name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}},", "$(ME).other.default.svc", True),
        ("{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}},", "$(NODE).other.default.svc", False),
        ("{name: FIRST, value: web-0},", "$(FIRST).other.default.svc", True),
        ("{name: SET, value: web},", "$(SET)-0.other.default.svc", True),
    ],
)
def test_variables_count_by_what_they_hold(variables: str, written: str, wrong: bool) -> None:
    assert ("pod-name" in checks(of_text(service(), with_peer(written, more=variables)))) is wrong


def test_a_variable_that_a_script_sets_itself_is_not_known() -> None:
    script = "S=web; exec app web-0.$S.default.svc"
    text = stateful_set(f"command: [sh, -c, '{script}'], env: [{{name: S, value: other}}]")
    assert "pod-name" not in checks(of_text(service(), text))


def test_init_containers_secrets_probes_and_external_names_are_read_too() -> None:
    name = "web-0.second.default.svc"
    init = stateful_set(pod=f"initContainers: [{{name: i, image: x, command: [sh, -c, 'nslookup {name}']}}]")
    probe = stateful_set(f"livenessProbe: {{httpGet: {{port: 80, host: {name}}}}}")
    encoded = base64.b64encode(f"u: amqp://a@{name}:1".encode()).decode()
    secret = "---\n{apiVersion: v1, kind: Secret, metadata: {name: s}, %s}\n"
    external = service(
        "e", headless=False, type="ExternalName", externalName=f"{name}.cluster.local", selector={}, ports=[]
    )
    for more in ([init], [probe], [stateful_set(), secret % f"data: {{k: {encoded}}}"], [stateful_set(), external]):
        assert only(of_text(service(), *more), "pod-name").evidence[0] == name
    plain = secret % f"stringData: {{k: 'a secret {name}'}}"
    found = only(of_text(service(), stateful_set(), plain), "pod-name")
    assert "secret " not in " ".join(found.evidence), "nothing of a Secret is shown but the name"


def test_pods_of_another_name_under_a_service_that_is_there_do_not_exist() -> None:
    found = only(of_text(service(), with_peer("http://app-0.web:80")), "pod-name")
    assert found.fix == "write web-0.web"
    assert "pod-name" not in checks(of_text(service(), with_peer("metrics-0.web")))


def test_a_pod_of_a_deployment_that_announces_its_own_name_has_none() -> None:
    text = client("$(POD_NAME).api").replace("env: [", "env: [{name: POD_NAME, value: x}, ")
    assert "deployment-pod-name" in checks(of_text(service("api", selector={"app": "api"}), text))


@pytest.mark.parametrize(
    ("domain", "typo"),
    [
        ("cluster.locl", True),
        ("cluser.local", True),
        ("cluster.lcoal", True),
        ("local", True),
        ("cluster.local", False),
        ("mycluster.local", False),
        ("cluster2.local", False),
        ("k8s.internal", False),
        ("clusterset.local", False),
        ("cluster.lan", False),
    ],
)
def test_a_slip_is_told_from_a_domain_of_ones_own(domain: str, typo: bool) -> None:
    assert is_typo(domain) is typo
    found = of_text(service(), with_peer(f"web.default.svc.{domain}"))
    assert ("full-name" in checks(found)) is typo


def known(domain: str, *texts: str) -> Snapshot:
    return live(*texts, domain=domain, domain_known=True)


def test_a_clusters_own_domain_decides_where_it_is_known() -> None:
    text = (service(), with_peer("web-0.web.default.svc.cluster.local"))
    found = only(diagnose(known("k8s.internal", *text)), "full-name")
    assert (
        found.fix
        == "write web-0.web.default.svc.k8s.internal, or web-0.web.default.svc, which is right in every cluster"
    )
    assert "full-name" not in checks(diagnose(known("cluster.local", *text)))
    assert "full-name" not in checks(diagnose(live(*text, domain="k8s.internal")))
    other = with_peer("db.team.svc.cluster.local")
    assert "full-name" not in checks(diagnose(known("k8s.internal", service(), other))), "another cluster's, perhaps"


def test_a_domain_that_is_not_known_is_said() -> None:
    found = of_text(service(), with_peer("web.default.svc.k8s.internal"))
    assert "k8s.internal" in unchecked(found.not_checked, "full-name")[0]


def test_a_service_without_its_namespace_before_svc() -> None:
    found = only(of_text(service(), with_peer("web.svc.cluster.local")), "full-name")
    assert found.fix == "write web.default.svc.cluster.local"
    assert "full-name" not in checks(of_text(service(), with_peer(".svc.cluster.local,*.web.svc.cluster.local")))


@pytest.mark.parametrize(
    ("image", "pod", "written", "wrong"),
    [
        ("redis:7-alpine", "options: [{name: ndots, value: '1'}]", "web-0.web", True),
        ("redis:7", "options: [{name: ndots, value: '1'}]", "web-0.web", False),
        ("redis:7-alpine", "options: [{name: ndots, value: '2'}]", "web-0.web", False),
        ("redis:7-alpine", "options: [{name: ndots, value: '2'}]", "web-0.web.default.svc", True),
        ("redis:7-alpine", "options: [{name: ndots, value: '2'}]", "web.default", False),
        ("redis:7-alpine", "options: [{name: ndots, value: '1'}]", "web.default", True),
        ("redis:7-alpine", "options: [{name: ndots, value: '1'}]", "web-0.web.default.svc.cluster.local", False),
        ("redis:7-alpine", "options: [{name: timeout, value: '1'}]", "web-0.web", False),
    ],
)
def test_musl_searches_for_nothing_that_has_as_many_dots_as_ndots(
    image: str, pod: str, written: str, wrong: bool
) -> None:
    found = of_text(service(), with_peer(written, f"dnsConfig: {{{pod}}}", image=image))
    assert ("resolver-options" in checks(found)) is wrong


@pytest.mark.parametrize(
    ("config", "check"),
    [
        ("nameservers: [8.8.8.8]", "cannot-resolve"),
        ("nameservers: ['2001:4860:4860::8888', 1.1.1.1]", "cannot-resolve"),
        ("nameservers: [10.96.0.10]", "resolver-options"),
        ("nameservers: [10.96.0.10, 1.1.1.1], searches: [default.svc.cluster.local]", ""),
        ("nameservers: [169.254.20.10], searches: [default.svc.cluster.local.]", ""),
    ],
)
def test_a_dns_policy_of_ones_own_needs_a_server_of_the_cluster_and_a_search_list(config: str, check: str) -> None:
    found = of_text(service(), with_peer("web-0.web", f"dnsPolicy: None, dnsConfig: {{{config}}}"))
    assert checks(found) == ({check} if check else set())


@pytest.mark.parametrize(
    ("port", "written", "wrong"),
    [
        ({"port": 80}, "dnssrv+_grpc._tcp.web.default.svc.cluster.local", True),
        ({"port": 80, "name": "grpc"}, "dnssrv+_grpc._tcp.web.default.svc.cluster.local", False),
        ({"port": 80, "name": "grpc"}, "_grpc._udp.web", True),
        ({"port": 80, "name": "http"}, "_grpc._tcp.web", True),
        ({"port": 80, "name": "http"}, "_grpc._tcp.elsewhere.default.svc", False),
        ({"port": 80, "name": "http"}, "mongodb+srv://u:p@web.default.svc.cluster.local/", True),
        ({"port": 80, "name": "mongodb"}, "mongodb+srv://u:p@web.default.svc.cluster.local/", False),
    ],
)
def test_srv_names_are_those_of_the_services_ports(port: dict[str, object], written: str, wrong: bool) -> None:
    assert ("srv-name" in checks(of_text(service(ports=[port]), with_peer(written)))) is wrong


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("NODE_NAME", "$(IP)", True),
        ("RABBITMQ_NODENAME", "rabbit@$(IP)", True),
        ("ARGS", "--name=x --node-id=$(IP)", True),
        ("NODE_IP", "$(IP)", False),
        ("LISTEN", "$(IP):80", False),
        ("URI", "amqp://user@$(IP):5672", False),
        ("ADVERTISED", "http://$(IP):80", False),
    ],
)
def test_a_member_that_is_called_by_its_address(name: str, value: str, wrong: bool) -> None:
    ip = "{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}},"
    found = of_text(service(), with_peer(value, more=ip, name=name))
    assert ("address-identity" in checks(found)) is wrong


def test_a_service_name_with_dots_is_to_be_the_name_alone() -> None:
    text = stateful_set().replace("serviceName: web", "serviceName: web.default.svc.cluster.local")
    assert only(of_text(service(), text), "governing-service").fix.startswith("write serviceName: web (")


def in_namespace(text: str, namespace: str) -> str:
    return text.replace('"name": "web"}, "spec"', f'"name": "web", "namespace": "{namespace}"}}, "spec"')


@pytest.mark.parametrize(
    ("peer", "fix"),
    [
        ("http://web.default.svc.cluster.local", "write web.data.svc"),
        ("http://web.data.svc.cluster.local", ""),
        ("http://other.default.svc.cluster.local", ""),
        ("http://kubernetes.default.svc", ""),
        ("http://web/", ""),
    ],
)
def test_a_full_name_that_was_copied_from_another_namespace(peer: str, fix: str) -> None:
    found = of_text(in_namespace(service(headless=False), "data"), client(peer, "data"))
    assert [f.fix for f in found.findings if f.check == "service-name"] == ([fix] if fix else [])


@pytest.mark.parametrize(
    ("peer", "pod", "fix"),
    [
        ("redis://web:6379", "", "write web.data.svc"),
        ("redis://web.data:6379", "", ""),
        ("web", "", ""),
        ("redis://web:6379", "dnsConfig: {searches: [data.svc.cluster.local]}", ""),
        ("redis://web:6379", "hostAliases: [{ip: 192.0.2.1, hostnames: [web]}]", ""),
        ("redis://elsewhere:6379", "", ""),
    ],
)
def test_a_services_name_alone_is_looked_up_in_the_askers_namespace(peer: str, pod: str, fix: str) -> None:
    found = of_text(in_namespace(service(headless=False), "data"), client(peer, "app", pod))
    assert [f.fix for f in found.findings if f.check == "service-name"] == ([fix] if fix else [])
    beside = of_text(in_namespace(service(headless=False), "app"), in_namespace(service(), "data"), client(peer, "app"))
    assert "service-name" not in checks(beside)


def test_what_only_looks_like_a_host_or_like_the_own_name_is_left_alone() -> None:
    assert "pod-name" not in checks(of_text(service(), with_peer("web-0 web-1", name="ES_CLUSTER_MASTER_HOSTS")))
    for script in ("host=$1; ask ${hostname}.other.default.svc", "echo advertised $HOSTNAME"):
        assert "pod-name" not in checks(of_text(service(), stateful_set(f"command: [sh, -c, '{script}']")))


def test_an_autoscaler_may_make_more_replicas() -> None:
    scaler = """
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: web}}
"""
    assert "pod-name" not in checks(of_text(service(), with_peer("web-4.web"), scaler))
    assert "pod-name" in checks(of_text(service(), with_peer("web-5.web"), scaler))


def test_a_variable_that_is_not_declared_is_to_be_declared_by_what_it_means() -> None:
    found = only(of_text(service(), with_peer("x://$(MY_POD_NAME).web:80")), "unexpanded")
    assert "{name: MY_POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}" in found.fix


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("web-0.web.default.scv.cluster.local", "write web-0.web.default.svc.cluster.local"),
        ("http://web.default.service.cluster.local:80", "write web.default.svc.cluster.local"),
        ("web.default.cluster.local", "write web.default.svc.cluster.local"),
        ("node1.cluster.local", ""),
        ("10-1-2-3.default.pod.cluster.local", ""),
    ],
)
def test_a_full_name_without_svc(written: str, fix: str) -> None:
    found = [f.fix for f in of_text(service(), with_peer(written)).findings if f.check == "full-name"]
    assert found == ([fix] if fix else [])


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("10-244-1-5.web.default.svc.cluster.local", True),
        ("10-244-1-5.default.pod.cluster.local", True),
        ("ip-10-0-1-5.ec2.internal", False),
        ("2026-10-11-12.log", False),
    ],
)
def test_a_name_that_is_made_of_an_address(written: str, wrong: bool) -> None:
    assert ("address-identity" in checks(of_text(service(), with_peer(written)))) is wrong


@pytest.mark.parametrize(
    "script",
    ["redis-cli replicaof web-0 6379", "mysql -hweb-0 -uroot", "psql -h web-0", "SOURCE_HOST=web-0, SOURCE_USER=x"],
)
def test_hosts_are_known_by_who_asks_for_them(script: str) -> None:
    assert "pod-name" in checks(of_text(service(), stateful_set(f"command: [sh, -c, '{script}']")))
