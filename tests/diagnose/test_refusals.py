"""What the API server refuses, and what to write instead: applied as it says, each manifest is taken."""

from __future__ import annotations

import pytest

from chaos.diagnose import Severity
from chaos.diagnose.api_versions import unserved
from tests.diagnose.looking import checks, keys, of_text, only, service, stateful_set
from tests.diagnose.mending import mended, set_to

_TWO_SERVICES = (
    "make two Services of it: web headless, without type: NodePort (and without nodePort), and a second one of type "
    "NodePort with another name and without clusterIP: None"
)


@pytest.mark.parametrize(
    ("text", "fix", "object_", "path", "value"),
    [
        (
            service(clusterIP="none").replace('"clusterIP": "None"', '"clusterIP": "none"'),
            "write clusterIP: None (with a capital N) for a headless Service",
            "Service/web",
            "spec.clusterIP",
            "None",
        ),
        (
            service() + stateful_set(spec="publishNotReadyAddresses: true"),
            "take spec.publishNotReadyAddresses out: publishNotReadyAddresses belongs into the spec of the Service",
            "StatefulSet/web",
            "spec.publishNotReadyAddresses",
            None,
        ),
        (
            service() + stateful_set().replace("serviceName: web", "serviceName: web.default.svc.cluster.local"),
            "write the Service's name alone: serviceName: web",
            "StatefulSet/web",
            "spec.serviceName",
            "web",
        ),
        (
            service("Web_1"),
            "write metadata.name: web-1",
            "Service/Web_1",
            "metadata.name",
            "web-1",
        ),
        (
            service().replace("clusterIP", "clusterIp"),
            "write clusterIP instead of spec.clusterIp",
            "Service/web",
            "spec.clusterIp",
            None,
        ),
        (
            service() + stateful_set(spec="hostNetwork: true"),
            "take spec.hostNetwork out: hostNetwork belongs into spec.template.spec",
            "StatefulSet/web",
            "spec.hostNetwork",
            None,
        ),
        (
            service() + stateful_set(pod="image: nginx"),
            "take spec.template.spec.image out: image belongs into a container",
            "StatefulSet/web",
            "spec.template.spec.image",
            None,
        ),
        (
            service() + stateful_set().replace("selector: {matchLabels: {app: web}}, ", ""),
            "set spec.selector.matchLabels to app=web, as the template has them",
            "StatefulSet/web",
            "spec.selector.matchLabels",
            {"app": "web"},
        ),
        (
            service() + stateful_set().replace("{metadata: {labels: {app: web}}", "{metadata: {labels: {app: wbe}}"),
            "give spec.template.metadata.labels what spec.selector.matchLabels has: app=web",
            "StatefulSet/web",
            "spec.template.metadata.labels",
            {"app": "web"},
        ),
        (
            service(type="NodePort"),
            _TWO_SERVICES,
            "Service/web",
            "spec.type",
            None,
        ),
        (
            service(ports=[{"port": 80, "name": "web", "targetPort": "80"}]),
            "write targetPort as a number, without quotes",
            "Service/web",
            "spec.ports",
            [{"port": 80, "name": "web", "targetPort": 80}],
        ),
        (
            service(ports=[{"port": 80}, {"port": 81}]),
            "give each port a name: a Service with several ports needs them",
            "Service/web",
            "spec.ports",
            [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}],
        ),
    ],
)
def test_a_refusal_says_what_to_write(text: str, fix: str, object_: str, path: str, value: object) -> None:
    assert only(of_text(text), "manifest-refused").fix == fix
    assert "manifest-refused" not in checks(mended(text, (object_, set_to(path, value))))


def test_a_refusal_names_the_line_of_the_field() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: Nope\n  ports: [{port: 80}]\n"
    found = only(of_text(text), "manifest-refused")
    assert found.object.line == 5
    assert "ClusterIP" in found.fix


def test_a_removed_version_is_an_error_that_names_the_one_to_write() -> None:
    text = service() + stateful_set().replace("apps/v1", "apps/v1beta1").replace(
        "selector: {matchLabels: {app: web}}, ", ""
    )
    found = only(of_text(text), "manifest-refused")
    assert found.severity is Severity.ERROR
    assert found.fix == (
        "write apiVersion: apps/v1, and set spec.selector.matchLabels to app=web, which is needed there"
    )
    changes = (set_to("apiVersion", "apps/v1"), set_to("spec.selector.matchLabels", {"app": "web"}))
    assert keys(mended(text, *(("StatefulSet/web", change) for change in changes))) == []


@pytest.mark.parametrize(
    ("version", "kind", "instead"),
    [
        ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "policy/v1"),
        ("batch/v1beta1", "CronJob", "batch/v1"),
        ("policy/v1beta1", "PodSecurityPolicy", ""),
        ("v1", "StatefulSet", "apps/v1"),
        ("apps/v1", "Service", "v1"),
        ("apps/v1", "StatefulSet", None),
        ("autoscaling/v1", "HorizontalPodAutoscaler", None),
        ("serving.knative.dev/v1", "Service", None),
        ("batch/v1", "Gadget", None),
    ],
)
def test_versions_that_no_current_server_has(version: str, kind: str, instead: str | None) -> None:
    """A kind of the same name in somebody else's group is theirs."""
    found = unserved(version, kind)
    assert (found.instead if found else None) == instead
