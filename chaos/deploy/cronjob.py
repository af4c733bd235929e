"""A nightly run of the main experiment, in a pod of its own."""

from __future__ import annotations

from chaos.model.object import Object

NAME = "chaos-identity-nightly"
_CLAIM = "chaos-identity-reports"
_USER = 65532
_MOUNT = "/reports"
# Longer than the experiment's own limit; then Kubernetes ends it, and what it had made is undone on SIGTERM.
_DEADLINE_S = 3600
_GRACE_S = 120


def namespace(name: str) -> list[Object]:
    """A namespace that allows experiments. Its label is the owner's consent, so somebody should apply it knowingly."""
    labels = {"chaos-identity.io/allowed": "true", "pod-security.kubernetes.io/warn": "restricted"}
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}]


def cronjob(
    target_namespace: str, image: str, service_account: str, schedule: str, arguments: tuple[str, ...]
) -> list[Object]:
    """A CronJob, and the volume that keeps its reports.

    Args:
        target_namespace: that it runs in and works on.
        image: with this tool as its entry point; see kind/Dockerfile.
        service_account: with the Role of `chaos manifests rbac`.
        schedule: as cron writes it, in UTC.
        arguments: more of them for `chaos run`.
    """
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": _CLAIM, "namespace": target_namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    job = {
        "backoffLimit": 0,  # what injects faults must not be repeated blindly
        "activeDeadlineSeconds": _DEADLINE_S,
        "template": {"spec": _pod(target_namespace, image, service_account, arguments)},
    }
    made = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": NAME, "namespace": target_namespace},
        "spec": {
            "schedule": schedule,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 600,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": job},
        },
    }
    return [claim, made]


def _pod(target_namespace: str, image: str, service_account: str, arguments: tuple[str, ...]) -> Object:
    """Passes the `restricted` Pod Security Standard."""
    container = {
        "name": "chaos",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": [
            "run",
            "identity-persistence",
            "--in-cluster",
            f"--namespace={target_namespace}",
            f"--reports={_MOUNT}",
            *arguments,
        ],
        "env": [{"name": "CI", "value": "true"}, {"name": "HOME", "value": "/tmp"}],  # noqa: S108 - in the container
        "resources": {
            "requests": {"cpu": "250m", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "reports", "mountPath": _MOUNT},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the container
        ],
    }
    return {
        "restartPolicy": "Never",
        "serviceAccountName": service_account,
        "terminationGracePeriodSeconds": _GRACE_S,  # long enough to undo everything
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "reports", "persistentVolumeClaim": {"claimName": _CLAIM}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
