"""What may be said about agents, and about all pods that a run makes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaos.options import Many, Quantity, RefusedError, Text, Trust, Whole, check_group, option

DEFAULT_IMAGE = "python:3.11-slim"
# Of one Indexed Job; beyond that the runner could not keep up either.
_MOST = 100
_TOLERATION = re.compile(r"(?P<key>[^=:]*)(=(?P<value>[^:]*))?(:(?P<effect>NoSchedule|PreferNoSchedule|NoExecute))?")


def _image(text: str) -> None:
    if any(c.isspace() or not c.isprintable() for c in text):
        raise RefusedError("cannot be the name of an image")


def _toleration(text: str) -> dict[str, str]:
    """As a pod's spec has it."""
    if text == "*":
        return {"operator": "Exists"}
    found = _TOLERATION.fullmatch(text)
    if found is None or not found["key"]:
        raise RefusedError("cannot be read: KEY, KEY=VALUE, KEY:EFFECT or KEY=VALUE:EFFECT, or *")
    made = {"key": found["key"], "operator": "Equal" if found["value"] is not None else "Exists"}
    if found["value"] is not None:
        made["value"] = found["value"]
    if found["effect"]:
        made["effect"] = found["effect"]
    return made


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """Options of agents.

    Attributes:
        cpu_limit: of a pod. The program has one thread, so one core never throttles it; less may, and widens intervals.
        clocks: for tests: how the clock of each agent is wrong, in turn; see `chaos.agents.pod.skew`.
    """

    count: int = option(
        Whole(1, _MOST), 1, "Number of agent pods, one per node first. Implies --vantage agent.", name="agents"
    )
    image: str = option(
        Text("IMAGE", _image),
        DEFAULT_IMAGE,
        "Any image with Python 3.11 or later as python3.",
        name="agent-image",
        trust=Trust.ENVIRONMENT,
    )
    cpu_limit: str = option(Quantity("CPU"), "1", "Limit of an agent pod.", name="agent-cpu")
    memory_limit: str = option(Quantity("MEMORY"), "96Mi", "Limit of an agent pod.", name="agent-memory")
    clocks: tuple[str, ...] = option(
        Many(),
        (),
        "For tests: offset=S,drift=RATE,step=S@S. Repeatable: one for each agent.",
        name="agent-clock",
        hidden=True,
    )

    def __post_init__(self) -> None:
        check_group(self)


@dataclass(frozen=True, slots=True)
class PodOptions:
    """What every pod that a run makes is given, agents and demo workload alike."""

    mirror: str = option(
        Text("PREFIX", _image),
        "",
        "Take all images from this registry instead of their own.",
        name="image-mirror",
        trust=Trust.ENVIRONMENT,
    )
    pull_secrets: tuple[str, ...] = option(
        Many("SECRET"), (), "Of the namespace, for all pods made. Repeatable.", name="image-pull-secret"
    )
    tolerations: tuple[str, ...] = option(
        Many("KEY[=VALUE][:EFFECT]", _toleration),
        (),
        "For all pods made; * tolerates everything. Repeatable.",
        name="toleration",
    )

    def __post_init__(self) -> None:
        check_group(self)

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
