"""The manifests of a drawn experiment, written where an experiment expects them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.seeded_experiments.drawing import Drawn
from chaos.faults.set_readiness import GATE

NAME = "web"
PORT = 80
MANIFEST, CLUSTERIPS = "web.yaml", "web-clusterip.yaml"
_SERVES = "echo 'Hello from '$(hostname) > /usr/share/nginx/html/index.html && exec nginx -g 'daemon off;'"
_TOLERATED_S = 2


def write(drawn: Drawn, folder: Path) -> None:
    """Write them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / MANIFEST, [_headless(), _statefulset(drawn)])
    _save(folder / CLUSTERIPS, [_clusterip(f"{NAME}-{ordinal}") for ordinal in range(drawn.replicas)])


def _save(path: Path, objects: list[dict[str, Any]]) -> None:
    path.write_text("\n---\n".join(map(json.dumps, objects)), encoding="utf-8")  # JSON is YAML


def _ports() -> list[dict[str, Any]]:
    return [{"name": "web", "port": PORT}]


def _headless() -> dict[str, Any]:
    spec = {"clusterIP": "None", "selector": {"app": NAME}, "ports": _ports()}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": spec}


def _clusterip(pod: str) -> dict[str, Any]:
    meta = {"name": f"{pod}-clusterip", "labels": {"chaos-identity.io/pod": pod}}
    spec = {"selector": {"statefulset.kubernetes.io/pod-name": pod}, "ports": _ports()}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def _statefulset(drawn: Drawn) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "serviceName": NAME,
        "replicas": drawn.replicas,
        "podManagementPolicy": "Parallel" if drawn.parallel or drawn.kind == "readiness-flap" else "OrderedReady",
        "selector": {"matchLabels": {"app": NAME}},
        "template": {"metadata": {"labels": {"app": NAME}}, "spec": _pod(drawn)},
    }
    if drawn.kind == "rolling-update":
        spec["updateStrategy"] = {"rollingUpdate": {"partition": drawn.replicas - drawn.hit}}
    if drawn.volumes:
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
        spec["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": claim}]
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": NAME}, "spec": spec}


def _pod(drawn: Drawn) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "nginx",
        "image": "nginx:alpine",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": PORT, "name": "web"}],
        "command": ["/bin/sh"],
        "args": ["-c", _SERVES],
    }
    if drawn.volumes:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    pod: dict[str, Any] = {"terminationGracePeriodSeconds": 5, "containers": [container]}
    if drawn.kind == "readiness-flap":
        pod["readinessGates"] = [{"conditionType": GATE}]
    if drawn.kind == "node-loss":
        # Kubernetes gives each pod 300 s on a lost node.
        pod["tolerations"] = [
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute"}
            | {"tolerationSeconds": _TOLERATED_S}
            for key in ("not-ready", "unreachable")
        ]
    return pod
