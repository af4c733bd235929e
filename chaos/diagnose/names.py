"""Names of single pods, wherever a manifest or a script writes one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from chaos.diagnose.diagnostic import Reference
from chaos.diagnose.passages import Passage, passages
from chaos.diagnose.snapshot import Snapshot, WorkloadItem
from chaos.diagnose.variables import ORDINAL, OWN_NAME

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOSTNAME = r"\$\(hostname(?: -s)?\)|`hostname(?: -s)?`"
_VARIABLE = rf"{_HOSTNAME}|\$\{{\w+\}}|\$\(\w+\)|\$\w+"
# 0, {0..2} of bash, {0...3} of MinIO, {0,1,2}, $((i + 1)), ${HOSTNAME##*-}, %d
ORDINALS = rf"\d+|\{{\d+\.\.\.?\d+\}}|\{{\d+(?:,\d+)+\}}|\$\(\([^)]*\)\)|\$\{{\w+[^}}\s]*\}}|%d|{_VARIABLE}"
_PART = rf"(?:{_LABEL}|{_VARIABLE})"
_NAME = re.compile(
    rf"(?<![\w.$-])(?P<head>(?P<base>{_PART})-(?P<ordinal>{ORDINALS})|(?P<own>{_VARIABLE}))(?P<tail>(?:\.{_PART})+)"
)
# Variables that hold the pod's own name: by Kubernetes itself, by habit, and the program `hostname`.
_OWN_NAMES = frozenset({"HOSTNAME", "POD_NAME", "MY_POD_NAME"})
_PROGRAM = re.compile(_HOSTNAME)
_RANGE = re.compile(r"\{(\d+)\.\.\.?(\d+)\}")
_MOST_ORDINALS = 1000


@dataclass(frozen=True, slots=True)
class PodName:
    """A name that is meant to be one pod's, or some pods' of one StatefulSet.

    Attributes:
        written: as it stands there, up to ``.svc``.
        head: its part before the service, as it stands there.
        base: the StatefulSet's name; empty where it is the pod's own.
        ordinal: a number, or whatever makes one.
        namespace: empty where the name leaves it out.
        full: whether it says ``.svc``, so that it is surely a name in cluster DNS.
        domain: what follows ``.svc``.
        owner: the workload whose container uses it; None: not known.
        home: the namespace in which it is looked up.
    """

    written: str
    head: str
    base: str
    ordinal: str
    service: str
    namespace: str
    full: bool
    domain: str
    at: Reference
    owner: WorkloadItem | None
    home: str
    startup: bool
    passage: Passage

    @property
    def is_variable(self) -> bool:
        """Whether service or namespace are known only when it runs."""
        return "$" in self.service or "$" in self.namespace or "`" in self.service

    @property
    def ordinals(self) -> tuple[int, ...]:
        """The numbers that it stands for; empty where they are known only when it runs."""
        return ordinals_of(self.ordinal)


def ordinals_of(written: str) -> tuple[int, ...]:
    """The numbers of ``2``, ``{0..2}``, ``{0...3}`` and ``{0,1,2}``."""
    if written.isdigit():
        return (int(written),)
    if match := _RANGE.fullmatch(written):
        first, last = int(match[1]), int(match[2])
        return tuple(range(first, min(last, first + _MOST_ORDINALS) + 1))
    if written.startswith("{") and written.strip("{}").replace(",", "").isdigit():
        return tuple(int(number) for number in written.strip("{}").split(","))
    return ()


@lru_cache(maxsize=1)  # several checks ask for those of one snapshot
def pod_names(snapshot: Snapshot) -> tuple[PodName, ...]:
    """All such names of a snapshot, each place once."""
    found: dict[tuple[str, Reference], PodName] = {}
    for passage in passages(snapshot):
        for name in in_passage(passage):
            found.setdefault((name.written, name.at), name)
    return tuple(found.values())


def in_passage(passage: Passage) -> Iterator[PodName]:
    """The names in one line of text."""
    for match in _NAME.finditer(passage.line):
        base, ordinal, own = (match[group] or "" for group in ("base", "ordinal", "own"))
        if own and not is_own(own, passage.variables):
            base, _, ordinal = valued(own, passage.variables).rpartition("-")
            if not base or not ordinal.isdigit():
                continue
        base = valued(base, passage.variables)
        if valued(ordinal, passage.variables).isdigit():
            ordinal = valued(ordinal, passage.variables)
        if "$" in base:
            continue
        parts = [p for part in match["tail"][1:].split(".") for p in valued(part, passage.variables).split(".")]
        written, service, namespace, full, domain = _split(match, parts)
        yield PodName(
            written,
            match["head"],
            base,
            ordinal,
            service,
            namespace,
            full,
            domain,
            passage.at,
            passage.owner,
            passage.namespace,
            passage.startup,
            passage,
        )


def _split(match: re.Match[str], parts: list[str]) -> tuple[str, str, str, bool, str]:
    """(as written up to ``.svc``, service, namespace, whether it says ``.svc``, domain)."""
    service, rest = parts[0], parts[1:]
    if rest[:1] == ["svc"]:
        namespace, full, domain = "", True, rest[1:]
    else:
        namespace, full, domain = (rest or [""])[0], rest[1:2] == ["svc"], rest[2:] if rest[1:2] == ["svc"] else []
    said = match["tail"][1:].split(".")
    kept = said[: said.index("svc") + 1] if "svc" in said else said if full else said[:2]
    return ".".join([match["head"], *kept]), service, namespace, full, ".".join(domain)


def namespace_of(snapshot: Snapshot, name: PodName) -> str:
    """In which a name is looked for; a last part that names none that is known may be a file's suffix."""
    known = name.full or any(item.namespace == name.namespace for item in (*snapshot.items, *snapshot.elsewhere))
    return name.namespace if name.namespace and known else name.home


def is_own(variable: str, known: dict[str, str]) -> bool:
    """Whether a variable, or the program in its place, gives the name of the pod itself."""
    if _PROGRAM.fullmatch(variable):
        return True
    name = variable.strip("${}()")
    value = known.get(name, "")
    return value == OWN_NAME or (name in _OWN_NAMES and "$" not in value)


def valued(part: str, known: dict[str, str]) -> str:
    """A variable's value as far as a name goes; what is not known, or differs from pod to pod, stays."""
    if not part.startswith("$"):
        return part
    value = known.get(part.strip("${}()"), part)
    if value in (OWN_NAME, ORDINAL) or not re.fullmatch(rf"{_LABEL}(?:\.{_LABEL})*\.?(?:[:/].*)?", value):
        return part
    return re.split(r"[:/]", value)[0].rstrip(".")
