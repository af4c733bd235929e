"""The objects that agents are made of: one Indexed Job, and what it owns."""

from __future__ import annotations

import base64

from chaos.agents.mesh import OPT_OUT_ANNOTATIONS, OPT_OUT_LABELS
from chaos.model.object import Object
from chaos.options.agents import AgentOptions, PodOptions

COMPONENT = {"app.kubernetes.io/name": "chaos-identity", "app.kubernetes.io/component": "agent"}
INDEX_LABEL = "batch.kubernetes.io/job-completion-index"
CONTAINER = "agent"
_BUNDLE = "agent.pyz"
_FOLDER = "/agent"
PROGRAM = f"{_FOLDER}/{_BUNDLE}"
# An agent that hears no runner for so long ends itself, and the Job with it; longer than a runner tries to come back.
ALONE_S = 60
# The Job is removed so long after its end, and with it what it owns, also where nobody is left to do it.
_TTL_S = 60
_USER = 65532  # "nonroot" of the usual minimal images; any number but 0 would do
# A failed pod must not end the others: each index counts for itself (Kubernetes 1.29; older servers drop the field and
# take the other limit).
_BACKOFF = {"backoffLimitPerIndex": 0, "backoffLimit": 1000}


def job(name: str, namespace: str, deadline_s: int, agents: AgentOptions, pods: PodOptions) -> Object:
    """The Job whose pods are the agents; Kubernetes ends it after `deadline_s`, whatever happens to the runner."""
    spec: Object = {
        "completionMode": "Indexed",
        "completions": agents.count,
        "parallelism": agents.count,
        **_BACKOFF,
        "activeDeadlineSeconds": deadline_s,
        "ttlSecondsAfterFinished": _TTL_S,
        "template": {"metadata": _outside_of_meshes(name), "spec": _pod_spec(name, agents, pods)},
    }
    meta = {"name": name, "namespace": namespace, "labels": _labels(name)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec}


def _labels(name: str) -> dict[str, str]:
    return {**COMPONENT, "chaos-identity.io/agents": name}


def _outside_of_meshes(name: str) -> Object:
    return {"labels": {**_labels(name), **OPT_OUT_LABELS}, "annotations": dict(OPT_OUT_ANNOTATIONS)}


def _pod_spec(name: str, agents: AgentOptions, pods: PodOptions) -> Object:
    """Passes the `restricted` Pod Security Standard."""
    container = {
        "name": CONTAINER,
        "image": pods.mirrored(agents.image),
        "imagePullPolicy": "IfNotPresent",
        "command": _command(agents),
        "env": [
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
        ],
        "resources": {
            "requests": {"cpu": "50m", "memory": "48Mi"},
            "limits": {"cpu": agents.cpu_limit, "memory": agents.memory_limit},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",  # the end of its log is then in its status too
        "volumeMounts": [{"name": "program", "mountPath": _FOLDER, "readOnly": True}],
    }
    spread = {"maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": _labels(name)}}
    spec: Object = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {"topologyKey": "kubernetes.io/hostname", **spread},
            {"topologyKey": "topology.kubernetes.io/zone", **spread},
        ],
        "tolerations": pods.toleration_objects(),
        "containers": [container],
        "volumes": [{"name": "program", "configMap": {"name": name}}],
    }
    if pods.pull_secrets:
        spec["imagePullSecrets"] = [{"name": secret} for secret in pods.pull_secrets]
    return spec


def _command(agents: AgentOptions) -> list[str]:
    clocks = [f"--clock={clock}" for clock in agents.clocks]
    return ["python3", "-I", PROGRAM, "serve", f"--alone-s={ALONE_S}", *clocks]


def program(name: str, namespace: str, owner: Object, bundle: bytes) -> Object:
    """The ConfigMap with the agents' program."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": _labels(name), **_owned_by(owner)},
        "binaryData": {_BUNDLE: base64.b64encode(bundle).decode()},
        "immutable": True,
    }


def network_policy(name: str, namespace: str, owner: Object) -> Object:
    """Lets agents reach cluster DNS and pods where another policy isolates them; nothing may reach them.

    Policies only add up: this one takes nothing from anybody.
    """
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": _labels(name), **_owned_by(owner)},
        "spec": {
            "podSelector": {"matchLabels": {"chaos-identity.io/agents": name}},
            "policyTypes": ["Egress"],
            "egress": [{}],
        },
    }


def target_policy(name: str, namespace: str, owner: Object, labels: dict[str, str]) -> Object:
    """Lets agents reach the target's pods where another policy isolates them."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{name}-target", "namespace": namespace, "labels": _labels(name), **_owned_by(owner)},
        "spec": {
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"chaos-identity.io/agents": name}}}]}],
        },
    }


def _owned_by(owner: Object) -> Object:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    return {"ownerReferences": [reference]}


def attach_command() -> list[str]:
    """What an exec stream runs in the pod."""
    return ["python3", "-I", PROGRAM, "attach"]
