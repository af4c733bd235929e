"""What the status of a pod says."""

from __future__ import annotations

from datetime import UTC, datetime

from kubesim.objects import Object

TERMINAL = ("Succeeded", "Failed")
_NO_CONDITION = {"status": "", "reason": "", "message": "", "lastTransitionTime": ""}
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def phase(pod: Object) -> str:
    return str(pod.get("status", {}).get("phase", ""))


def is_terminating(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_active(pod: Object) -> bool:
    """Neither terminal nor terminating: what a ReplicaSet counts."""
    return phase(pod) not in TERMINAL and not is_terminating(pod)


def condition(obj: Object, type_: str) -> Object | None:
    """A condition of the status by its type; what somebody has left out of it reads as empty."""
    for row in (obj.get("status") or {}).get("conditions") or ():
        if row.get("type") == type_:
            given = {key: part for key, part in row.items() if part is not None}
            return given | {key: empty for key, empty in _NO_CONDITION.items() if key not in given}
    return None


def is_ready(pod: Object) -> bool:
    """The pod's Ready condition, whatever its phase."""
    for row in (pod.get("status") or {}).get("conditions") or ():
        if row.get("type") == "Ready":
            return bool(row.get("status") == "True")
    return False


def is_running_and_ready(pod: Object) -> bool:
    return phase(pod) == "Running" and is_ready(pod)


def parse_time(text: str) -> datetime:
    """A metav1.Time."""
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
