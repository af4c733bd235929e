"""What may end a run: the grammar of a condition, such as ``outage.by-name > 5s``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaos.nearest import did_you_mean, meant
from chaos.options.kinds import Name, RefusedError
from chaos.options.numbers import Duration

_DAY_S = 86_400.0
_PROMETHEUS = "prometheus"
_MOST_CHARACTERS = 2000
# Figure → the kind of sample that it is made of, and what it is. Gates have the same names (issue 18).
FIGURES: dict[str, tuple[str, str]] = {
    "outage.by-name": ("http", "the longest for which clients could not reach a pod by its name"),
    "outage.by-clusterip": ("clusterip", "the longest for which clients could not reach a pod through its ClusterIP"),
    "outage.open-connections": ("stream", "the longest for which a pod's long-lived connection could not be had"),
    "dns.failing": ("dns", "the longest for which a DNS server gave no address for a name of the workload"),
    "dns.unanswered": ("dns", "the longest for which a DNS server said nothing about a name, not even that it is none"),
}
# Kinds whose status has conditions: as they are typed → of the API.
KINDS = {
    "pod": "Pod",
    "node": "Node",
    "deployment": "Deployment",
    "job": "Job",
    "pvc": "PersistentVolumeClaim",
    "persistentvolumeclaim": "PersistentVolumeClaim",
}
# Kubernetes' own types of conditions; a controller may add others, whose names have a domain.
_TYPES = {
    "Pod": (
        "ContainersReady",
        "DisruptionTarget",
        "Initialized",
        "PodReadyToStartContainers",
        "PodScheduled",
        "Ready",
    ),
    "Node": ("DiskPressure", "MemoryPressure", "NetworkUnavailable", "PIDPressure", "Ready"),
    "Deployment": ("Available", "Progressing", "ReplicaFailure"),
    "Job": ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet", "Suspended"),
    "PersistentVolumeClaim": ("FileSystemResizePending", "Resizing"),
}
_STATUSES = ("True", "False", "Unknown")
_FIGURE = re.compile(r"([\w.-]+)\s*(>=|>)\s*(\S+)", re.ASCII)
_OBJECT = re.compile(r"([\w.-]+)/(\S+?)\s*:\s*(.+)", re.ASCII | re.DOTALL)
_STATUS = re.compile(r"(\S+?)\s*(!=|==|=)\s*(\w+)(?:\s+for\s+(\S+))?", re.ASCII)
_EXAMPLES = "'outage.by-name > 5s', 'node/NAME: Ready != True for 30s' or 'prometheus: QUERY'"


@dataclass(frozen=True, slots=True)
class FigureCondition:
    """A figure of the run is larger than a time.

    Attributes:
        text: as it was given; likewise below.
        figure: of `FIGURES`.
        limit_s: that it must not exceed, or not reach.
        at_least: whether reaching it is enough.
    """

    text: str
    figure: str
    limit_s: float
    at_least: bool


@dataclass(frozen=True, slots=True)
class QueryCondition:
    """A query of Prometheus finds something, as the expression of an alert does."""

    text: str
    query: str


@dataclass(frozen=True, slots=True)
class ObjectCondition:
    """A condition in the status of an object has, or has not, a status.

    Attributes:
        kind: as the API has it.
        type: of the condition.
        status: ``True``, ``False`` or ``Unknown``.
        equal: whether it must be that, or anything else; what is not there is anything else.
        for_s: for how long.
    """

    text: str
    kind: str
    name: str
    type: str
    status: str
    equal: bool
    for_s: float = 0.0


AnyCondition = FigureCondition | QueryCondition | ObjectCondition


def parse_condition(text: str) -> AnyCondition:
    """Read one.

    Raises:
        RefusedError: it is none; says what it must be.
    """
    text = text.strip()
    if len(text) > _MOST_CHARACTERS:
        raise RefusedError(f"is longer than {_MOST_CHARACTERS} characters")
    head, colon, rest = text.partition(":")
    if colon and head.strip().lower() == _PROMETHEUS:
        if not rest.strip():
            raise RefusedError("has no query; write it like 'prometheus: sum(rate(errors_total[1m])) > 5'")
        return QueryCondition(text, rest.strip())
    if found := _OBJECT.fullmatch(text):
        return _of_object(text, *found.groups())
    if found := _FIGURE.fullmatch(text):
        return _of_figure(text, *found.groups())
    raise RefusedError(f"is no condition; write it like {_EXAMPLES}")


def _of_figure(text: str, figure: str, comparison: str, limit: str) -> FigureCondition:
    if figure not in FIGURES:
        if figure.startswith("stage."):
            raise RefusedError(f"is about {figure}, and stages are known only once the run is over")
        raise RefusedError(
            f"is about {figure}, which is no figure of a run as it goes; {did_you_mean(figure, FIGURES)}"
        )
    return FigureCondition(text, figure, _seconds(limit), comparison == ">=")


def _of_object(text: str, kind: str, name: str, rest: str) -> ObjectCondition:
    known = KINDS.get(kind.lower())
    if known is None:
        likest = meant(kind.lower(), KINDS) or f"of kinds that have conditions: {', '.join(dict.fromkeys(KINDS))}"
        raise RefusedError(f"is about a {kind}, whose conditions are not known here; {likest}")
    Name(dots=True).check(name)
    found = _STATUS.fullmatch(rest.strip())
    if found is None:
        raise RefusedError("does not say which condition has which status; write it like 'pod/web-0: Ready != True'")
    type_, comparison, status, for_ = found.groups()
    types = _TYPES[known]
    if type_ not in types and (likest := meant(type_, types)):
        raise RefusedError(f"is about the condition {type_} of a {known}; {likest}")
    if status not in _STATUSES:
        raise RefusedError(f"compares with {status}; a condition is {', '.join(_STATUSES[:-1])} or {_STATUSES[-1]}")
    return ObjectCondition(text, known, name, type_, status, comparison != "!=", _seconds(for_) if for_ else 0.0)


def _seconds(text: str) -> float:
    kind = Duration(0, _DAY_S)
    seconds = kind.read(text)
    kind.check(seconds)
    return seconds
