"""What may be a secret of somebody else's workload is not kept."""

from __future__ import annotations

import json

from chaos.engine.redaction import redacted
from chaos.model import ClusterEvent

SECRET = "hunter2"
CONTAINER = {
    "name": "db",
    "image": "mysql:8.0",
    "command": ["sh", "-c", SECRET],
    "args": [SECRET],
    "env": [{"name": "PASSWORD", "value": SECRET}, {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s"}}}],
    "readinessProbe": {"exec": {"command": ["mysql", f"-p{SECRET}"]}},
}
NOTES = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": SECRET}}


def event(kind: str, obj: dict[str, object]) -> ClusterEvent:
    return ClusterEvent(1, "ADDED", kind, "n", "db", "u", obj)


def test_a_pod_keeps_its_shape_and_loses_what_it_was_told() -> None:
    ended = {"terminated": {"exitCode": 1, "message": SECRET}}
    status = {"podIP": "10.0.0.1", "containerStatuses": [{"name": "db", "lastState": ended, "state": {"running": {}}}]}
    pod = {"metadata": {"name": "db-0", "labels": {"app": "db"}, **NOTES}, "spec": {"containers": [CONTAINER]}}
    found = redacted(event("Pod", {**pod, "status": status})).object
    assert SECRET not in json.dumps(found)
    assert found["metadata"]["labels"] == {"app": "db"}
    assert found["spec"]["containers"][0]["env"][0]["name"] == "PASSWORD"
    assert found["status"]["podIP"] == "10.0.0.1"
    assert found["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1


def test_a_statefulset_loses_it_in_its_templates_too() -> None:
    spec = {
        "replicas": 3,
        "template": {"metadata": NOTES, "spec": {"containers": [CONTAINER], "initContainers": [CONTAINER]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data", **NOTES}}],
    }
    found = redacted(event("StatefulSet", {"metadata": {"name": "db", **NOTES}, "spec": spec})).object
    assert SECRET not in json.dumps(found)
    assert found["spec"]["replicas"] == 3


def test_the_event_itself_stays_as_it_was() -> None:
    before = event("Pod", {"metadata": dict(NOTES), "spec": {"containers": [CONTAINER]}})
    redacted(before)
    assert SECRET in json.dumps(before.object)
