"""Subresources of pods that a real server has and kubesim has not, and the form that works instead."""

from __future__ import annotations

_INSIDE = (
    "the sandbox forwards nothing into its pods: ask from inside, as in `kubectl exec {pod} -- wget -qO- "
    "http://localhost:PORT`, or from another pod with `kubectl run NAME --image=busybox:1.35 --restart=Never -- "
    "wget -qO- http://ADDRESS:PORT`, then `kubectl logs NAME`"
)
_INSTEAD = {
    "binding": "the sandbox's own scheduler binds pods; one with spec.nodeName needs none",
    "ephemeralcontainers": "look from inside with `kubectl exec {pod} -- COMMAND`",
    "portforward": _INSIDE,
    "proxy": _INSIDE,
    "resize": "change the resources in the template of its workload",
}
UNMODELLED = tuple(_INSTEAD)


def refusal(subresource: str, pod: str) -> str:
    """The message for one of `UNMODELLED`."""
    instead = _INSTEAD[subresource].format(pod=pod)
    return f"the sandbox has no pods/{subresource}: {instead}"
