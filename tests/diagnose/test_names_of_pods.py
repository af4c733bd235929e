"""Hostnames, lengths, annotations and waiting: what keeps a pod from the name that its manifest seems to give it."""

from __future__ import annotations

import json

import pytest

from chaos.diagnose import Severity, diagnose
from tests.diagnose.looking import checks, keys, live, of_text, only, service, stateful_set
from tests.diagnose.mending import mended, set_to
from tests.diagnose.test_who_else import OK, pods


def pod(name: str, **spec: object) -> str:
    meta = {"name": name, "labels": {"app": "web"}}
    whole = {"containers": [{"name": "c", "image": "nginx"}], **spec}
    return f"---\n{json.dumps({'apiVersion': 'v1', 'kind': 'Pod', 'metadata': meta, 'spec': whole})}\n"


def test_hostname_and_subdomain_of_a_set_are_its_controllers() -> None:
    text = service() + stateful_set(pod="hostname: dc1, subdomain: web")
    found = only(of_text(text), "hostname")
    assert (found.severity, found.fix) == (
        Severity.NOTE,
        "remove hostname; its pods are called web-0.web and so on",
    )
    assert keys(mended(text, ("StatefulSet/web", set_to("spec.template.spec.hostname", None)))) == []


def test_a_subdomain_without_its_service_is_an_error_that_names_the_similar_one() -> None:
    text = service() + pod("a", hostname="a", subdomain="web-hs")
    found = only(of_text(text), "hostname")
    assert (found.severity, found.fix) == (Severity.ERROR, "set subdomain: web, or call that Service web-hs")
    assert keys(mended(text, ("Pod/a", set_to("spec.subdomain", "web")))) == []
    assert keys(mended(text, ("Service/web", set_to("metadata.name", "web-hs")))) == []


def test_a_subdomain_without_any_service_says_which_one_to_create() -> None:
    text = pod("a", hostname="a", subdomain="web")
    assert "clusterIP: None, selector: {app: web}" in only(of_text(text), "hostname").fix
    assert keys(of_text(text, service())) == []


def test_a_subdomain_whose_service_selects_others_gives_no_name() -> None:
    text = service(selector={"app": "other"}) + pod("a", hostname="a", subdomain="web") + pod("b")
    assert "web-0" not in only(of_text(text), "hostname").what
    assert only(of_text(text), "hostname").severity is Severity.ERROR


def test_a_hostname_that_pods_share_leads_to_all_of_them() -> None:
    text = service() + pods("Deployment", "twin", {"app": "web"}, hostname="twin", subdomain="web")
    assert only(of_text(text), "hostname").severity is Severity.WARNING
    assert keys(mended(text, ("Deployment/twin", set_to("spec.template.spec.hostname", None)))) == []
    two = service() + pod("a", hostname="x", subdomain="web") + pod("b", hostname="x", subdomain="web")
    assert "Pod a has the name x.web too" in only(of_text(two), "hostname").what
    assert keys(mended(two, ("Pod/b", set_to("spec.hostname", "b")))) == []


def test_a_pod_may_take_the_name_of_a_sets_pod() -> None:
    found = only(of_text(OK, pod("a", hostname="web-1", subdomain="web")), "hostname")
    assert found.what == "StatefulSet web has the name web-1.web too: it leads to both"


@pytest.mark.parametrize(
    ("container", "severity"),
    [
        ("", Severity.NOTE),
        ("command: [sh, -c, 'exec nginx --name $(hostname).web']", Severity.ERROR),
        ("command: [sh, -c, 'exec nginx --name ${HOSTNAME}.web']", Severity.ERROR),
        ("command: [sh, -c, 'echo $HOSTNAME; exec nginx']", Severity.NOTE),
        ("env: [{name: P, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]", None),
    ],
)
def test_in_the_nodes_network_hostname_is_the_nodes(container: str, severity: Severity | None) -> None:
    text = stateful_set(container, pod="hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet")
    found = [f.severity for f in of_text(service(), text).findings if f.check == "node-hostname"]
    assert found == ([severity] if severity else [])


@pytest.mark.parametrize(("length", "severity"), [(52, None), (53, Severity.ERROR), (62, Severity.ERROR)])
def test_a_name_may_have_as_many_characters_as_its_revisions_label_leaves(
    length: int, severity: Severity | None
) -> None:
    text = service() + stateful_set().replace("{name: web}\n", f"{{name: {'w' * length}}}\n")
    found = [f for f in of_text(text).findings if f.check == "name-too-long"]
    assert [f.severity for f in found] == ([severity] if severity else [])
    assert all(f.fix.endswith(f" {'w' * 52}") for f in found)
    assert all(("pods' hostname" in f.what) is (length == 62) for f in found)


def test_a_set_that_has_pods_under_a_long_name_is_a_warning() -> None:
    name = "w" * 53
    text = service() + stateful_set().replace("{name: web}\n", f"{{name: {name}}}\n")
    meta = {"name": f"{name}-0", "ownerReferences": [{"kind": "StatefulSet", "name": name}]}
    there = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {}})
    assert only(diagnose(live(text, f"---\n{there}")), "name-too-long").severity is Severity.WARNING


def test_a_full_name_as_hostname_has_at_most_64_characters() -> None:
    text = service() + stateful_set(pod="setHostnameAsFQDN: true")
    assert keys(of_text(text)) == []
    assert only(of_text(text, namespace="n" * 40), "name-too-long").severity is Severity.ERROR


def test_the_tolerate_unready_annotation_does_nothing_any_more() -> None:
    key = "service.alpha.kubernetes.io/tolerate-unready-endpoints"
    text = service().replace(
        '{"name": "web"}, "spec"', f'{{"name": "web", "annotations": {{"{key}": "true"}}}}, "spec"'
    )
    text += stateful_set()
    assert only(of_text(text), "dead-annotation").severity is Severity.WARNING
    assert keys(mended(text, ("Service/web", set_to("spec.publishNotReadyAddresses", True)))) == []
    assert keys(of_text(text.replace('"true"', '"false"'))) == []


def test_annotations_of_pods_became_fields() -> None:
    text = stateful_set().replace(
        "metadata: {labels: {app: web}}",
        "metadata: {labels: {app: web}, annotations: {pod.beta.kubernetes.io/init-containers: '[]'}}",
    )
    assert only(of_text(service(), text), "dead-annotation").severity is Severity.WARNING


INIT = "initContainers: [{{name: wait, image: busybox, command: [sh, -c, '{}']}}]"
UNTIL = "until nslookup web-0.web.default.svc.cluster.local; do sleep 1; done"


@pytest.mark.parametrize(
    ("script", "waits"),
    [
        (UNTIL, True),
        ("until nslookup web-0.web.default.svc.cluster.local >/dev/null; do echo waiting; sleep 2; done", True),
        (f'if [ "$HOSTNAME" != web-0 ]; then {UNTIL}; fi', False),
        (UNTIL.replace("web-0.web", "db-0.db"), False),
        ("nslookup web-0.web || true", False),
        ("for i in 0 1 2; do until nslookup web-$i.web; do sleep 1; done; done", True),
        ("echo web-0.web > /etc/peers", False),
    ],
)
def test_an_init_container_that_waits_for_a_member_in_every_pod_waits_for_ever(script: str, waits: bool) -> None:
    text = service() + stateful_set(pod=INIT.format(script.replace("'", "''")))
    assert ("waits-for-peer" in checks(of_text(text))) is waits
    published = ("Service/web", set_to("spec.publishNotReadyAddresses", True))
    parallel = ("StatefulSet/web", set_to("spec.podManagementPolicy", "Parallel"))
    assert "waits-for-peer" not in checks(mended(text, published, parallel))


@pytest.mark.parametrize(
    ("probe", "waits"),
    [
        ("exec: {command: [sh, -c, 'nslookup web-1.web.default.svc']}", True),
        ("exec: {command: [nslookup, web-0.web]}", True),
        ("httpGet: {host: web-1.web, port: 80}", True),
        ("exec: {command: [sh, -c, 'for i in 0 1 2; do nslookup web-$i.web; done']}", True),
        ("exec: {command: [sh, -c, 'for i in 0 1; do nc web-$i.web 1 && n=$((n+1)); done']}", False),
        ("exec: {command: [sh, -c, 'nslookup web-1.web.default.svc || true']}", False),
        ("exec: {command: [sh, -c, 'nslookup $(hostname).web.default.svc']}", False),
        ("httpGet: {path: /web-1.web.html, port: 80}", False),
    ],
)
def test_a_readiness_probe_that_asks_another_member_never_succeeds_in_order(probe: str, waits: bool) -> None:
    text = service() + stateful_set(f"readinessProbe: {{{probe}}}")
    found = [f for f in of_text(text).findings if f.check == "waits-for-peer"]
    assert [f.severity for f in found] == ([Severity.WARNING] if waits else [])
    fixed = mended(
        text,
        ("StatefulSet/web", set_to("spec.podManagementPolicy", "Parallel")),
        ("Service/web", set_to("spec.publishNotReadyAddresses", True)),
    )
    assert "waits-for-peer" not in checks(fixed)


@pytest.mark.parametrize(("ready", "waits"), [("readinessProbe: {tcpSocket: {port: 80}}, ", True), ("", False)])
def test_a_container_with_a_readiness_probe_waits_likewise(ready: str, waits: bool) -> None:
    """Without one it is Ready as soon as it runs."""
    text = service() + stateful_set(f"{ready}command: [sh, -c, '{UNTIL}; exec nginx']")
    assert ("waits-for-peer" in checks(of_text(text))) is waits


def policy(egress: str, selector: str = "{}") -> str:
    spec = f"{{podSelector: {selector}, policyTypes: [Egress], egress: {egress}}}"
    return f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\nspec: {spec}\n"


DNS = "ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]"
BY_NAME = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (f"to: [{{podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], {DNS}", "in its own namespace"),
        (f"to: [{{namespaceSelector: {{matchLabels: {{name: kube-system}}}}}}], {DNS}", "with name=kube-system"),
        (f"to: [{BY_NAME}, podSelector: {{matchLabels: {{k8s-app: coredns}}}}}}], {DNS}", "with k8s-app=coredns"),
        (f"to: [{{ipBlock: {{cidr: 8.8.8.8/32}}}}], {DNS}", "ipBlock 8.8.8.8/32"),
        ("to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}]", ""),
        (f"to: [{BY_NAME}}}], ports: [{{port: 53}}]", "for TCP only"),
        (f"to: [{BY_NAME}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], {DNS}", None),
        (f"to: [{BY_NAME}, podSelector: {{matchLabels: {{app.kubernetes.io/name: coredns}}}}}}], {DNS}", None),
        (f"to: [{{namespaceSelector: {{}}}}], {DNS}", None),
        ("to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}]", None),
        ("to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]", None),
        (f"to: [{{ipBlock: {{cidr: 169.254.20.10/32}}}}], {DNS}", None),
        ("to: [{namespaceSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}}]", None),
    ],
)
def test_a_policy_reaches_cluster_dns_by_its_peers_and_ports_or_it_is_told(rule: str, said: str | None) -> None:
    found = [f for f in of_text(OK, policy(f"[{{{rule}}}]")).findings if f.check == "cannot-resolve"]
    assert len(found) == (said is not None)
    assert all(said in " ".join(f.evidence) for f in found if said)
    right = f"{{to: [{BY_NAME}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], {DNS}}}"
    assert keys(of_text(OK, policy(f"[{{{rule}}}, {right}]"))) == []


def test_a_policy_selects_by_expressions_too() -> None:
    wanted = "{matchExpressions: [{key: app, operator: In, values: [web]}]}"
    assert "cannot-resolve" in checks(of_text(OK, policy("[]", wanted)))
    assert keys(of_text(OK, policy("[]", wanted.replace("In,", "NotIn,")))) == []


def test_the_dns_servers_themselves_keep_the_nodes_dns() -> None:
    dns = pods("Deployment", "coredns", {"k8s-app": "kube-dns"}, dnsPolicy="Default")
    assert keys(of_text(dns)) == []


def test_an_agent_of_each_node_seldom_needs_services() -> None:
    found = only(of_text(pods("DaemonSet", "agent", {"a": "b"}, hostNetwork=True)), "cannot-resolve")
    assert found.severity is Severity.NOTE
