"""What the command line says about agents."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaos.errors import UsageError

DEFAULT_IMAGE = "python:3.11-slim"
# Of one Indexed Job; beyond that the runner could not keep up either.
_MOST = 100
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|[kMGTPE]i?)?")
_TOLERATION = re.compile(r"(?P<key>[^=:]*)(=(?P<value>[^:]*))?(:(?P<effect>NoSchedule|PreferNoSchedule|NoExecute))?")


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """Options of agents.

    Attributes:
        count: how many.
        image: with Python 3.11 or later as ``python3``.
        cpu_limit: of a pod. The program has one thread, so one core never throttles it; less may, and widens intervals.
        memory_limit: of a pod, such as ``96Mi``.
        clocks: for tests: how the clock of each agent is wrong, in turn; see `chaos.agents.pod.skew`.
    """

    count: int = 1
    image: str = DEFAULT_IMAGE
    cpu_limit: str = "1"
    memory_limit: str = "96Mi"
    clocks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _MOST:
            raise UsageError(f"--agents must lie between 1 and {_MOST}")
        for option, quantity in (("--agent-cpu", self.cpu_limit), ("--agent-memory", self.memory_limit)):
            if not _QUANTITY.fullmatch(quantity):
                raise UsageError(
                    f"{option} {quantity!r} is no quantity of Kubernetes",
                    hint="such as 500m or 2 for CPU, 96Mi for memory",
                )


@dataclass(frozen=True, slots=True)
class PodOptions:
    """What every pod that a run makes is given, agents and demo workload alike.

    Attributes:
        mirror: registry (and path) that images are taken from instead of their own; empty: as they are named.
        pull_secrets: names of Secrets in the namespace.
        tolerations: ``KEY[=VALUE][:EFFECT]``; ``*`` tolerates everything.
    """

    mirror: str = ""
    pull_secrets: tuple[str, ...] = ()
    tolerations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in self.tolerations:
            _toleration(text)

    def toleration_objects(self) -> list[dict[str, str]]:
        """As a pod's spec has them."""
        return [_toleration(text) for text in self.tolerations]

    def mirrored(self, image: str) -> str:
        """Where an image is taken from: its own registry is replaced, and ``library/`` is written out."""
        if not self.mirror:
            return image
        first, slash, rest = image.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            image = rest
        if "/" not in image:
            image = f"library/{image}"
        return f"{self.mirror.rstrip('/')}/{image}"


def _toleration(text: str) -> dict[str, str]:
    if text == "*":
        return {"operator": "Exists"}
    found = _TOLERATION.fullmatch(text)
    if found is None or not found["key"]:
        raise UsageError(
            f"--toleration {text!r} cannot be read", hint="KEY, KEY=VALUE, KEY:EFFECT or KEY=VALUE:EFFECT, or *"
        )
    made = {"key": found["key"], "operator": "Equal" if found["value"] is not None else "Exists"}
    if found["value"] is not None:
        made["value"] = found["value"]
    if found["effect"]:
        made["effect"] = found["effect"]
    return made
