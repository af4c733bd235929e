"""How far a Deployment's rolling update may go at each step (pkg/controller/deployment/rolling.go)."""

from __future__ import annotations

import math

from kubesim.store import Object


def resolve(value: int | str | None, replicas: int, *, up: bool) -> int:
    """A number, or a percentage of the replicas rounded up (surge) or down (unavailable)."""
    if value is None:
        value = "25%"
    if isinstance(value, int):
        return value
    share = replicas * int(value.rstrip("%")) / 100
    return math.ceil(share) if up else math.floor(share)


def limits(deployment: Object) -> tuple[int, int]:
    """MaxSurge and maxUnavailable as numbers of pods; never both 0."""
    spec = deployment["spec"]
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    replicas = int(spec["replicas"])
    surge = resolve(rolling.get("maxSurge"), replicas, up=True)
    unavailable = resolve(rolling.get("maxUnavailable"), replicas, up=False)
    return surge, min(replicas, unavailable) if surge or unavailable else 1


def new_replicas(deployment: Object, new: Object, total: int) -> int:
    """How many replicas the new ReplicaSet may have now, given the total of all of them."""
    wanted = int(deployment["spec"]["replicas"])
    have = int(new["spec"]["replicas"])
    if have >= wanted:
        return wanted
    surge, _ = limits(deployment)
    room = wanted + surge - total
    return have if room <= 0 else min(wanted, have + room)


def old_replicas(deployment: Object, new: Object, old: list[Object]) -> dict[str, int]:
    """How many replicas each old ReplicaSet keeps now, by name: unhealthy ones go first."""
    wanted = int(deployment["spec"]["replicas"])
    _, unavailable = limits(deployment)
    keep = {s["metadata"]["name"]: int(s["spec"]["replicas"]) for s in old}
    available = {s["metadata"]["name"]: int(s.get("status", {}).get("availableReplicas", 0)) for s in old}
    new_available = int(new.get("status", {}).get("availableReplicas", 0))
    minimum = wanted - unavailable
    budget = sum(keep.values()) + int(new["spec"]["replicas"]) - minimum
    budget -= int(new["spec"]["replicas"]) - new_available
    for name, count in keep.items():
        gone = max(0, min(count - available[name], budget))
        keep[name] = count - gone
        budget -= gone
    spare = new_available + sum(min(count, available[name]) for name, count in keep.items()) - minimum
    for name, count in keep.items():
        gone = max(0, min(count, spare))
        keep[name] = count - gone
        spare -= gone
    return keep
