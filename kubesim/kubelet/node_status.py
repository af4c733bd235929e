"""What a kubelet says of its node."""

from __future__ import annotations

from kubesim.store import Object

_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def conditions(now: str, before: Object | None = None) -> list[Object]:
    """The conditions of a healthy node; those of `before`, its status so far, say since when."""
    known = {row["type"]: row for row in (before or {}).get("conditions") or ()}
    rows: list[Object] = []
    for kind, status, reason, message in _CONDITIONS:
        old = known.get(kind, {})
        since = old.get("lastTransitionTime", now) if old.get("status") == status else now
        rows.append(
            {
                "type": kind,
                "status": status,
                "lastHeartbeatTime": now,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
        )
    others = [row for kind, row in known.items() if kind not in {name for name, *_ in _CONDITIONS}]
    return [*rows, *others]
