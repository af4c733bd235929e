"""Each check on the smallest manifests that show its point: it finds the fault, and nothing where there is none."""

from __future__ import annotations

import re

import pytest

from chaos.diagnose import Severity, diagnose
from chaos.diagnose.images import lacking
from tests.diagnose.looking import checks, live, of_text, only, service, stateful_set

HEALTHY = (service(), stateful_set())


def test_a_healthy_set_has_no_finding() -> None:
    assert of_text(*HEALTHY).findings == ()


def test_a_service_in_another_namespace_gives_no_names() -> None:
    there = service().replace('"name": "web"}, "spec"', '"name": "web", "namespace": "other"}, "spec"')
    found = only(of_text(there, stateful_set()), "governing-service")
    assert found.severity is Severity.ERROR
    assert "Service web is in namespace other, not in default" in found.evidence


def test_a_governing_service_with_a_virtual_address_is_a_warning() -> None:
    """CoreDNS gives the pods' names all the same, as was seen on a real cluster; it need not."""
    found = only(of_text(service(headless=False), stateful_set()), "governing-service")
    assert found.severity is Severity.WARNING


def test_an_external_name_governs_nothing() -> None:
    external = service(headless=False, type="ExternalName", externalName="db.example.invalid", selector={}, ports=[])
    assert only(of_text(external, stateful_set()), "governing-service").severity is Severity.ERROR


def test_no_service_name_means_no_names() -> None:
    text = stateful_set().replace("serviceName: web, ", "")
    assert only(of_text(text), "governing-service").severity is Severity.WARNING


def test_a_governing_service_that_selects_other_pods_is_an_error() -> None:
    found = only(of_text(service(selector={"app": "wbe"}), stateful_set()), "service-selector")
    assert found.severity is Severity.ERROR
    assert found.fix == "set spec.selector to app=web"


def test_a_service_that_selects_nothing_is_a_warning() -> None:
    found = only(of_text(*HEALTHY, service("lost", headless=False, selector={"app": "gone"})), "service-selector")
    assert (found.severity, found.object.name) == (Severity.WARNING, "lost")


def test_a_label_that_pods_get_later_is_a_note_in_files_and_a_warning_where_none_has_it() -> None:
    """A role that changes cannot stand in the template."""
    text = service("replicas", headless=False, selector={"app": "web", "role": "replica"})
    assert only(of_text(*HEALTHY, text), "service-selector").severity is Severity.NOTE
    assert only(diagnose(live(*HEALTHY, text)), "service-selector").severity is Severity.WARNING


def test_a_service_may_select_a_single_pod() -> None:
    one = service("one", headless=False, selector={"statefulset.kubernetes.io/pod-name": "web-2"})
    beyond = service("beyond", headless=False, selector={"statefulset.kubernetes.io/pod-name": "web-3"})
    assert only(of_text(*HEALTHY, one, beyond), "service-selector").object.name == "beyond"


@pytest.mark.parametrize(
    ("written", "severity"),
    [
        ("web-0.web", None),
        ("web-0.web.default.svc.cluster.local:80", None),
        ("http://web-$i.web.default.svc/", None),
        ("web-0.second", Severity.ERROR),
        ("http://web-0.second:8080/", Severity.ERROR),
        ("web-0.other.default", Severity.ERROR),
        ("web-${i}.other.default.svc.cluster.local", Severity.ERROR),
        ("web-{0..2}.other.default.svc.cluster.local", Severity.ERROR),
        ("web-0.web.elsewhere.svc.cluster.local", Severity.ERROR),
        ("web-7.web", Severity.WARNING),
        ("$(POD_NAME).other.default.svc", Severity.ERROR),
        ("$(POD_NAME).web.default.svc", None),
        ("/var/log/web-0.log", None),
        ("v1.2-3.web and my-web-0.other", None),
    ],
)
def test_names_of_single_pods_are_judged_wherever_they_stand(written: str, severity: Severity | None) -> None:
    env = f"env: [{{name: POD_NAME, value: x}}, {{name: PEER, value: '{written}'}}]"
    found = [f for f in of_text(service(), service("second"), stateful_set(env)).findings if f.check == "pod-name"]
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_a_name_whose_service_is_known_only_when_it_runs_is_not_judged() -> None:
    found = of_text(service(), stateful_set("env: [{name: P, value: 'web-0.$SVC.default.svc'}]"))
    assert [row.check for row in found.not_checked if "known only when it runs" in row.why] == ["pod-name"]


def test_a_word_that_may_be_a_file_is_said_not_to_be_judged() -> None:
    found = of_text(service(), stateful_set("args: [web-0.log]"))
    assert checks(found) == set()
    assert [row.why.partition(" in ")[0] for row in found.not_checked if row.check == "pod-name"] == ["web-0.log"]


def test_a_comment_in_a_script_is_no_name() -> None:
    config = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c}
        data:
          run.sh: |
            # ask web-0.other.default.svc
            ask web-1.other.default.svc
        """
    found = only(of_text(config, *HEALTHY), "pod-name")
    assert found.evidence[0] == "web-1.other.default.svc"
    assert found.object.line == 8


def test_pods_of_a_deployment_have_no_names() -> None:
    deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: api}
        spec:
          selector: {matchLabels: {app: api}}
          template:
            metadata: {labels: {app: api}}
            spec: {containers: [{name: c, image: x}]}
        """
    config = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c}
        data: {a: "api-0.api.default.svc", b: "api-54cdbb6494-bc422.api.default.svc"}
        """
    found = of_text(deployment, config, service("api", selector={"app": "api"}))
    assert [f.evidence[0] for f in found.findings if f.check == "deployment-pod-name"] == [
        "api-0.api.default.svc",
        "api-54cdbb6494-bc422.api.default.svc",
    ]


@pytest.mark.parametrize(
    ("container", "reference"),
    [
        ("command: [app, '$(hostname).web']", "hostname"),
        ("command: [app, '$(POD_NAME)'], env: [{name: POD_NAME, value: x}]", ""),
        ("command: [app, '$(POD_NAME)']", "POD_NAME"),
        ("command: [app, '$$(POD_NAME)']", ""),
        ("command: [app, '$(WEB_SERVICE_HOST)']", ""),
        ("command: [sh, -c, 'exec app $(hostname)']", ""),
        ("command: [sh, -c, 'exec app $(POD_NAME)']", "POD_NAME"),
        ("command: [/bin/sh], args: [-ec, 'exec app $(hostname)']", ""),
        ("env: [{name: A, value: '$(B)'}, {name: B, value: x}]", "B"),
        ("env: [{name: B, value: x}, {name: A, value: '$(B)'}]", ""),
        ("command: [app, '$(ANY)'], envFrom: [{configMapRef: {name: unknown}}]", ""),
    ],
)
def test_what_nobody_expands_is_found(container: str, reference: str) -> None:
    found = [f for f in of_text(service(), stateful_set(container)).findings if f.check == "unexpanded"]
    assert [f"$({reference})" in f.what for f in found] == ([True] if reference else [])


@pytest.mark.parametrize(
    ("image", "script", "program"),
    [
        ("mysql:8.0", "nslookup web", "nslookup"),
        ("registry.example:5000/library/mysql:8.0", "if ! nslookup web; then exit 1; fi", "nslookup"),
        ("mysql:8.0", "getent hosts web", ""),
        ("mysql:8.0", "host=web; echo nslookup $host", ""),
        ("mysql:8.0", "x=$(dig +short web)", "dig"),
        ("redis:7-alpine", "nslookup web", ""),
        ("redis:7", "nslookup web", "nslookup"),
        ("somebody/mysql-with-tools:8", "nslookup web", ""),
    ],
)
def test_programs_that_the_image_does_not_have(image: str, script: str, program: str) -> None:
    hook = f"lifecycle: {{postStart: {{exec: {{command: [sh, -c, '{script}']}}}}}}"
    found = [f for f in of_text(service(), stateful_set(hook, image=image)).findings if f.check == "program-missing"]
    assert [f" runs {program} " in f.what for f in found] == ([True] if program else [])


MOUNTED = (
    "command: [sh, -c, 'sh /s/find.sh; exec x'], volumeMounts: [{name: s, mountPath: /s}]",
    "volumes: [{name: s, configMap: {name: scripts}}]",
)


def test_a_script_that_another_one_calls_is_read_too() -> None:
    config = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: scripts}
        data:
          find.sh: |
            #!/bin/sh
            nslookup web-0.second.default.svc
        """
    text = stateful_set(MOUNTED[0], pod=MOUNTED[1], image="mysql:8.0")
    found = of_text(config, service(), service("second"), text)
    assert only(found, "program-missing").object.describe() == "ConfigMap scripts in namespace default (x.yaml:8)"
    assert only(found, "pod-name").object.line == 8


def test_a_script_whose_config_map_is_not_there_is_said_not_to_be_checked() -> None:
    found = of_text(service(), stateful_set(MOUNTED[0], pod=MOUNTED[1], image="mysql:8.0"))
    assert [row.why for row in found.not_checked if row.check == "program-missing"] == [
        "scripts of StatefulSet web in /s: there is no ConfigMap scripts in the given files"
    ]


def test_a_shell_that_is_not_there_is_found_too() -> None:
    found = only(
        of_text(service(), stateful_set("command: [bash, -c, 'exec x']", image="redis:7-alpine")), "program-missing"
    )
    assert "runs bash (main)" in found.what


@pytest.mark.parametrize(
    ("image", "has_bash"),
    [
        ("redis:7-alpine", False),
        ("redis:7.4.1-alpine3.20@sha256:" + "ab" * 32, False),
        ("redis", True),
        ("docker.io/redis:alpine", False),
    ],
)
def test_images_are_known_under_all_their_names(image: str, has_bash: bool) -> None:
    assert ("bash" not in lacking(image)) is has_bash


@pytest.mark.parametrize(
    ("command", "ignores"),
    [
        ("[sh, -c, 'a && b']", True),
        ("[sh, -c, 'a && exec b']", False),
        ('[sh, -c, "a\\nb"]', True),
        ("[sh, -c, b]", True),
        ("[sh, -c, 'export X=1; b']", True),
        ("[sh, -c, \"trap 'exit 0' TERM; a; b\"]", False),
        ("[sh, -c, 'while true; do a; done']", True),
        ("[sleep, '3600']", True),
        ("[nginx]", False),
    ],
)
def test_a_first_process_that_ignores_sigterm_is_found(command: str, ignores: bool) -> None:
    text = stateful_set(f"command: {command}")
    debian = of_text(service(), re.sub(r"image: \S+?([,}\s])", r"image: nginx:1.29\1", text))
    assert ("ignores-sigterm" in checks(debian)) is ignores


def test_busyboxs_shell_gives_way_to_the_last_command_so_nothing_is_found_on_alpine() -> None:
    text = re.sub(r"image: \S+?([,}\s])", r"image: nginx:alpine\1", stateful_set("command: [sh, -c, 'a && b']"))
    assert "ignores-sigterm" not in checks(of_text(service(), text))


@pytest.mark.parametrize(
    ("hook", "severity"),
    [
        ("exec: {command: [sh, -c, 'sleep 5 && kill -TERM $(pidof keeper)']}", None),
        ("exec: {command: [nginx, -s, quit]}", None),
        ("exec: {command: [sh, -c, 'redis-cli shutdown nosave']}", None),
        ("exec: {command: [/bin/sh, -c, 'sleep 5']}", "warning"),
        ("exec: {command: [/bin/sh, -c, 'sleep 5; kill -0 1']}", "note"),
        ("exec: {command: [sleep, '5']}", "warning"),
        ("sleep: {seconds: 5}", "warning"),
        ("exec: {command: [/opt/leave]}", "note"),
        ("httpGet: {path: /leave, port: 80}", "note"),
    ],
)
def test_a_hook_that_ends_the_program_makes_up_for_the_shell_and_one_that_waits_does_not(
    hook: str, severity: str | None
) -> None:
    """What another one does nobody sees."""
    more = f"command: [sh, -c, 'a && b'], lifecycle: {{preStop: {{{hook}}}}}"
    found = of_text(service(), stateful_set(more, image="nginx:1.29"))
    assert [f.severity.value for f in found.findings if f.check == "ignores-sigterm"] == (
        [severity] if severity else []
    )


@pytest.mark.parametrize(
    "args", ["[shell, -ecx, 'exec run --name=$(hostname).web']", "[sleep, '9']", "[sh, -c, 'a && b']"]
)
def test_arguments_without_a_command_are_the_business_of_the_images_entrypoint(args: str) -> None:
    """Nobody can see into it: that is said, and no warning; an image that is known to run them is judged."""
    found = of_text(service(), stateful_set(f"args: {args}", image="example.org/own:1"))
    assert not checks(found) & {"unexpanded", "ignores-sigterm"}
    assert [row.failed for row in found.not_checked if "depends on the image" in row.why] == [False]
    known = of_text(service(), stateful_set(f"args: {args}", image="nginx:1.29"))
    assert checks(known) & {"unexpanded", "ignores-sigterm"}


def test_an_undeclared_variable_is_expanded_by_no_entrypoint() -> None:
    """A shell would take it for a command of that name."""
    found = of_text(service(), stateful_set("args: ['--name=$(POD_NAME)']", image="example.org/own:1"))
    assert "unexpanded" in checks(found)


def test_a_short_grace_period_makes_it_a_note() -> None:
    text = stateful_set("command: [sleep, '1']", pod="terminationGracePeriodSeconds: 1")
    assert only(of_text(service(), text), "ignores-sigterm").severity is Severity.NOTE


def test_redis_cluster_that_somebody_joins_is_no_finding() -> None:
    redis = stateful_set("command: [redis-server, --cluster-enabled, 'yes']", image="redis:7-alpine")
    job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: join}
        spec:
          template:
            spec:
              containers:
              - {name: c, image: 'redis:7-alpine', command: [redis-cli, --cluster, create, 'web-0.web:6379']}
        """
    assert "members-not-joined" in checks(of_text(service(), redis))
    assert "members-not-joined" not in checks(of_text(service(), redis, job))


def test_ports_that_lead_nowhere_are_found() -> None:
    def of_port(**port: object) -> set[tuple[str, str]]:
        found = of_text(service(ports=[port]), stateful_set()).findings
        return {(f.severity.value, f.what.partition(",")[0][:24]) for f in found if f.check == "port"}

    assert of_port(port=80, name="web") == set()
    assert {s for s, _ in of_port(port=80)} == {"note"}
    assert {s for s, _ in of_port(port=80, name="a", targetPort="none")} == {"note"}
    assert {s for s, _ in of_port(port=80, name="a", targetPort="web")} == set()
    assert {s for s, _ in of_port(port=81, name="a")} == {"note"}
    assert {s for s, _ in of_port(port=81, name="a", targetPort=80)} == {"warning"}


@pytest.mark.parametrize(("replicas", "severity"), [(0, Severity.WARNING), (1, Severity.NOTE), (2, None)])
def test_few_replicas(replicas: int, severity: Severity | None) -> None:
    found = of_text(service(), stateful_set().replace("replicas: 3", f"replicas: {replicas}"))
    assert [f.severity for f in found.findings if f.check == "few-replicas"] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("pod", "wrong"),
    [
        ("hostNetwork: true", True),
        ("hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet", False),
        ("dnsPolicy: Default", True),
        ("dnsPolicy: ClusterFirst", False),
    ],
)
def test_pods_that_cannot_resolve(pod: str, wrong: bool) -> None:
    assert ("cannot-resolve" in checks(of_text(service(), stateful_set(pod=pod)))) is wrong


@pytest.mark.parametrize(
    ("egress", "wrong"),
    [
        ("[]", True),
        ("[{}]", False),
        ("[{ports: [{port: 3306}]}]", True),
        ("[{ports: [{port: 3306}]}, {ports: [{port: 53, protocol: UDP}]}]", False),
        ("[{ports: [{protocol: UDP, port: 1, endPort: 1024}]}]", False),
        ("[{ports: [{port: 53}]}]", True),
    ],
)
def test_a_policy_that_keeps_pods_from_dns(egress: str, wrong: bool) -> None:
    policy = f"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {{name: p}}
        spec: {{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: {egress}}}
        """
    assert ("cannot-resolve" in checks(of_text(policy, *HEALTHY))) is wrong


def test_unready_addresses_are_for_members_and_not_for_clients() -> None:
    text = service("clients", headless=False, publishNotReadyAddresses=True)
    assert only(of_text(*HEALTHY, text), "not-ready-addresses").severity is Severity.WARNING


def test_deprecated_endpoints_are_a_note() -> None:
    endpoints = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\n"
    assert only(of_text(endpoints), "endpoints-deprecated").severity is Severity.NOTE


@pytest.mark.parametrize(
    ("manifest", "status"),
    [
        ("{apiVersion: v1, kind: Service, metadata: {name: 'A_b'}, spec: {ports: [{port: 80}]}}", "422 Invalid"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: 1}}", "400 BadRequest"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dota: {x: y}}", "400 BadRequest"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: 'a b'}}", "422 Invalid"),
    ],
)
def test_what_the_api_server_refuses_is_told_with_its_answer(manifest: str, status: str) -> None:
    assert f"({status})" in only(of_text(manifest), "manifest-refused").what


def test_the_same_object_twice_is_refused() -> None:
    assert "409 AlreadyExists" in only(of_text(service(), *HEALTHY), "manifest-refused").what


_BAD_CONTAINER = "3, {command: x, args: [1, null, {a: b}], env: {a: b}, ports: [x]}"
_STATEFUL_SET = "apiVersion: apps/v1, kind: StatefulSet"


@pytest.mark.parametrize(
    "broken",
    [
        f"{{{_STATEFUL_SET}, metadata: 7, spec: [x]}}",
        f"{{{_STATEFUL_SET}, metadata: {{name: [a]}}, spec: {{template: 3, replicas: many}}}}",
        f"{{{_STATEFUL_SET}, metadata: {{name: a}}, spec: {{template: {{spec: {{containers: [{_BAD_CONTAINER}]}}}}}}}}",
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: x, ports: y}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: [1]}",
    ],
)
def test_objects_of_any_shape_are_looked_at_by_every_check(broken: str) -> None:
    found = of_text(broken, *HEALTHY)
    assert [row for row in found.not_checked if "defect" in row.why] == []
    assert "manifest-refused" in checks(found)
