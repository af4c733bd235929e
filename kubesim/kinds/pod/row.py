"""A pod's row in a Table: its status in one word."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubesim.fields.durations import age
from kubesim.objects import Object

_NONE = "<none>"
_TERMINAL = ("Succeeded", "Failed")


def cells(pod: Object, now: datetime) -> list[Any]:
    """The columns of `kubectl get pods -o wide` (printPod of pkg/printers/internalversion, v1.34)."""
    spec, status = pod["spec"], pod.get("status", {})
    first, statuses = status.get("initContainerStatuses", ()), status.get("containerStatuses", ())
    sidecars = {c["name"] for c in spec.get("initContainers", ()) if c.get("restartPolicy") == "Always"}
    running_sidecars = [c for c in first if c["name"] in sidecars]
    addresses = status.get("podIPs") or ([{"ip": status["podIP"]}] if status.get("podIP") else [])
    gates = spec.get("readinessGates", ())
    met = {c["type"] for c in status.get("conditions", ()) if c["status"] == "True"}
    initializing = _initializing(spec, first, sidecars)
    counted = first if initializing and "Initialized" not in met else [*running_sidecars, *statuses]
    ready = [c for c in [*running_sidecars, *statuses] if c.get("ready") and "running" in c.get("state", {})]
    return [
        pod["metadata"]["name"],
        f"{len(ready)}/{len(spec.get('containers', ())) + len(sidecars)}",
        _word(pod, status, "" if "Initialized" in met else initializing),
        _restarts(counted, now),
        age(pod["metadata"].get("creationTimestamp"), now),
        addresses[0]["ip"] if addresses else _NONE,
        spec.get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
        f"{sum(g['conditionType'] in met for g in gates)}/{len(gates)}" if gates else _NONE,
    ]


def _restarts(statuses: Any, now: datetime) -> str:
    total = sum(c.get("restartCount", 0) for c in statuses)
    ends = [c.get("lastState", {}).get("terminated", {}).get("finishedAt") for c in statuses]
    last = max(filter(None, ends), default=None)
    return f"{total} ({age(last, now)} ago)" if total and last else str(total)


def _word(pod: Object, status: Object, initializing: str) -> str:
    phase = status.get("phase", "Pending")
    word = initializing or _of_containers(status, status.get("reason") or phase)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if phase not in _TERMINAL:
            return "Terminating"
    return str(word)


def _initializing(spec: Object, statuses: Any, sidecars: set[str]) -> str:
    """The state of the init container whose turn it is; empty where all are through."""
    for i, container in enumerate(statuses):
        state = container.get("state", {})
        ended, waiting = state.get("terminated"), state.get("waiting", {})
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if container["name"] in sidecars and container.get("started"):
            continue
        if ended is not None:
            return f"Init:{ended.get('reason') or _exit(ended)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{i}/{len(spec.get('initContainers', ()))}"
    return ""


def _of_containers(status: Object, word: str) -> str:
    running, failure = False, ""
    for container in reversed(status.get("containerStatuses", ())):
        state = container.get("state", {})
        if state.get("waiting", {}).get("reason"):
            word = state["waiting"]["reason"]
        elif "terminated" in state:
            word = state["terminated"].get("reason") or _exit(state["terminated"])
            failure = word if state["terminated"].get("exitCode") else failure
        elif container.get("ready") and "running" in state:
            running = True
    if word != "Completed":
        return word
    if running and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ())):
        return "Running"
    return failure or ("NotReady" if running else word)


def _exit(ended: Object) -> str:
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"
