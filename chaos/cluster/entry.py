"""One change and its undo, and what a line of a file must hold to be one."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from chaos.cluster.client import API_VERSIONS, CLUSTER_WIDE, NEVER_MADE
from chaos.cluster.restoring import why_not_put_back, why_not_this

# Everything that a run makes carries this label with the run's id: what makes it the run's own.
RUN_LABEL = "chaos-identity.io/run"
# Runs of `chaos diagnose --fix`: what they made is meant to stay, and is undone only where their journal is named.
FIX_PREFIX = "fix-"
_UNDOS = frozenset({"delete", "restore", "command", "hook", "nothing"})
_STATES = frozenset({"intended", "done", "undone"})
# The forms that Kubernetes allows. Without slashes and dots alone a name cannot lead a request to another path.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_TYPES: dict[str, Any] = {"id": int, "applied": dict | None, "restore": dict | None, "environment": dict | None}
_VARIABLE = re.compile(r"CHAOS_[A-Z_]+")
_FINGERPRINT = re.compile(rf"(?!namespace$)\S+|namespace {_NAMESPACE.pattern} \S+")


@dataclass(slots=True)
class UndoEntry:
    """One change and its undo.

    Attributes:
        change: for people, such as ``create Namespace chaos-x``.
        undo: ``delete`` (what was created), ``restore`` (fields that were changed), ``command`` (the operator's
            own), ``hook`` (the operator's own command after the run), or ``nothing`` where the cluster repairs it by
            itself.
        because: why nothing is to be done.
        uid: of the object; empty until the change was acknowledged.
        state: ``intended`` (may or may not have happened), ``done``, or ``undone``.
        applied: to be restored: the merge patch that was sent; while the object still has its values, the change
            is ours.
        restore: to be restored: the merge patch that puts the old values back.
        command: for the shell, which takes the change back, or is the hook.
        environment: variables that the hook is told of the run by.
        run: whose label the object carries; empty: the run's whose journal this is.
        more: what a line says besides, of another version of this tool; it is kept.
    """

    id: int
    change: str
    undo: str
    kind: str
    name: str
    namespace: str = ""
    because: str = ""
    uid: str = ""
    state: str = "intended"
    applied: dict[str, Any] | None = None
    restore: dict[str, Any] | None = None
    command: str = ""
    environment: dict[str, str] | None = None
    run: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        """As a line has it."""
        row = asdict(self)
        return {**row.pop("more"), **row}

    @property
    def is_open(self) -> bool:
        """Whether there is something left to undo."""
        return self.undo != "nothing" and self.state != "undone"

    @property
    def what(self) -> str:
        """The object, for people."""
        return f"{self.kind} {self.name}" + (f" in namespace {self.namespace}" if self.namespace else "")

    def why_unfit(self) -> str:
        """Why it must not be undone where nothing but a file says that it happened; empty where it may.

        The live object is asked afterwards: see `chaos.cluster.undo`.
        """
        if self.undo in ("command", "hook"):
            return "" if self.command else "what takes it back stands only in the journal on the run's own machine"
        why_not = self._why_not_restored if self.undo == "restore" else self._why_not_deleted
        return self._why_no_object() or why_not()

    def _why_no_object(self) -> str:
        if self.kind not in API_VERSIONS:
            return f"this tool changes no {self.kind}"
        if not _NAME.fullmatch(self.name):
            return "that is no name of an object"
        if self.kind in CLUSTER_WIDE and self.namespace:
            return f"a {self.kind} is in no namespace"
        if self.kind not in CLUSTER_WIDE and not _NAMESPACE.fullmatch(self.namespace):
            return "that is no name of a namespace"
        return ""

    def _why_not_deleted(self) -> str:
        if self.kind in NEVER_MADE:
            return f"this tool makes no {self.kind}"
        if self.run and (not is_run_id(self.run) or self.run.startswith(FIX_PREFIX)):
            return "it names a run of which it cannot be"
        return ""

    def _why_not_restored(self) -> str:
        if not self.uid:
            return "it does not say which object it was"
        why = why_not_put_back(self.applied or {}, self.restore or {})
        return why or why_not_this(self.kind, self.namespace, self.restore or {})


def is_run_id(value: object) -> bool:
    """Whether it can be the label of what a run made."""
    return isinstance(value, str) and bool(_LABEL_VALUE.fullmatch(value))


def entry_of(row: object) -> UndoEntry:
    """The entry that a line of a file holds.

    Raises:
        ValueError: it holds none.
    """
    if not isinstance(row, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - what JSON holds is data
    known = {f.name for f in fields(UndoEntry)} - {"more"}
    required = {"id", "change", "undo", "kind", "name"}
    if not required <= row.keys():
        raise ValueError(f"it lacks {', '.join(sorted(required - row.keys()))}")
    entry = UndoEntry(**{name: value for name, value in row.items() if name in known})
    entry.more = {name: value for name, value in row.items() if name not in known}
    for name in known:
        value = getattr(entry, name)
        right = _TYPES.get(name, str)
        if not isinstance(value, right) or isinstance(value, bool):
            raise ValueError(f"its {name} is of the wrong type")  # noqa: TRY004 - as above
    if any(
        not isinstance(value, str) or not _VARIABLE.fullmatch(key) for key, value in (entry.environment or {}).items()
    ):
        raise ValueError("its environment is none of a hook")
    if entry.undo not in _UNDOS or entry.state not in _STATES:
        raise ValueError("its undo or state is none that there is")
    return entry


def run_of(row: object) -> dict[str, Any]:
    """What a journal says about its run.

    Raises:
        ValueError: it is not what a run writes.
    """
    if not isinstance(row, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - what JSON holds is data
    if not is_run_id(row.get("id")):
        raise ValueError("it has no id of a run")
    fingerprint = row.get("fingerprint")
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError("it does not say which cluster it is about")
    namespace = row.get("namespace", "")  # it goes into paths of requests
    if namespace and not (isinstance(namespace, str) and _NAMESPACE.fullmatch(namespace)):
        raise ValueError("its namespace is none")
    for key, right in (("context", str), ("kubeconfig", str), ("in_cluster", bool), ("simulated", bool)):
        if not isinstance(row.get(key, right()), right):
            raise ValueError(f"its {key} is of the wrong type")  # noqa: TRY004 - as above
    return dict(row)
