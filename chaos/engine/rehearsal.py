"""A run on a cluster that does not matter, to learn what it would ask of one that does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaos.analysis.records import SERVICE_VIEW
from chaos.cluster.client import Cluster
from chaos.cluster.entry import UndoEntry
from chaos.cluster.request import Request
from chaos.engine.execution import Execution
from chaos.engine.place import Place
from chaos.engine.progress import Silence
from chaos.errors import ChaosError
from chaos.experiment import Experiment, Options
from chaos.model import History

_BEFORE = "before anything is measured"
UNDOING = "cleaning up"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that changes something.

    Attributes:
        phase: the step of the run that it belongs to, for people.
        at_s: seconds since the run began, on the simulated cluster.
        undo: how it is taken back, for people; empty where it is an undo itself, or goes with what it belongs to.
        times: how often it was made alike in that step.
        undoing: whether it is an undo itself.
        command: a shell command on this machine in place of a request.
    """

    phase: str
    at_s: float
    request: Request
    undo: str = ""
    times: int = 1
    undoing: bool = False
    command: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a run did there.

    Attributes:
        namespace: that it worked in.
        took_s: from its begin to its end.
        problem: why it did not come to its end; None where it did.
        dns_servers: names of the pods that were cluster DNS when it began.
    """

    calls: tuple[Call, ...]
    namespace: str
    took_s: float
    problem: ChaosError | None = None
    dns_servers: tuple[str, ...] = ()

    def among(self, names: Sequence[tuple[str, str]]) -> Rehearsed:
        """The same with the names of another cluster: pairs of a name here and the one there."""
        pairs = [(here, there) for here, there in names if here and there]
        if self.problem is not None:
            self.problem.message = _text(self.problem.message, pairs)
        return replace(self, calls=tuple(_renamed(call, pairs) for call in self.calls))


class _NewestStep(Silence):
    """Remembers the newest step."""

    def __init__(self) -> None:
        self.newest = _BEFORE
        self.undoing = False

    def step(self, text: str) -> None:
        if text.startswith("connecting"):
            return  # the rehearsal's own cluster, which is no step of the plan
        self.newest = UNDOING if self.undoing else text
        self.undoing = self.undoing or text == UNDOING


class Rehearsal(Execution):
    """One run of an experiment on the sandbox, that notes each request down."""

    def __init__(self, experiment: Experiment, options: Options, place: Place, folder: Path) -> None:
        self._steps = _NewestStep()
        super().__init__(experiment, options, place, folder, self._steps, _keep_nothing)
        self.calls: list[Call] = []

    async def rehearse(self) -> Rehearsed:
        """Run it.

        Raises:
            ChaosError: it cannot even begin there.
        """
        result = await self.run()
        meta = result.history.meta
        servers = tuple(name for name in meta.environment["dns_views"] if name != SERVICE_VIEW)
        return Rehearsed(tuple(self.calls), str(meta.target["namespace"]), self._clock.now_s(), result.error, servers)

    def _connected(self, cluster: Cluster) -> None:
        cluster.about_to = self._note

    def _note(self, request: Request) -> None:
        if "dryRun" in (request.body.get("deleteOptions") or request.body):
            return  # a dry run of the experiment's own changes nothing, so it is no part of the plan
        phase, undoing = self._steps.newest, self._steps.undoing
        for number, call in enumerate(self.calls):
            if call.phase == phase and _shape(call.request) == _shape(request):
                self.calls[number] = replace(call, times=call.times + 1)
                return
        undo = "" if undoing else self._undo_of(request)
        self.calls.append(Call(phase, self._clock.now_s(), request, undo, undoing=undoing))

    def _undo_of(self, request: Request) -> str:
        """What the journal has for it: it was written down right before."""
        entries = self._begun.journal.entries.values() if self._begun is not None else ()
        for entry in reversed(list(entries)):
            if (entry.kind, entry.name, entry.state) == (request.kind, request.name, "intended"):
                return undo_said(entry)
        return ""


def undo_said(entry: UndoEntry) -> str:
    """How an entry of the journal is undone, for people."""
    if entry.undo == "delete":
        return f"delete {entry.what}"
    if entry.undo == "restore":
        return f"put back: {json.dumps(entry.restore, sort_keys=True)}"
    if entry.undo == "command":
        return "the command that takes it back"
    return f"nothing: {entry.because}"


def _text(value: str, names: Sequence[tuple[str, str]]) -> str:
    for here, there in names:
        value = value.replace(here, there)
    return value


def _renamed(call: Call, names: Sequence[tuple[str, str]]) -> Call:
    def text(value: str) -> str:
        return _text(value, names)

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: whole(one) for key, one in value.items()}
        if isinstance(value, list):
            return [whole(one) for one in value]
        return text(value) if isinstance(value, str) else value

    one = call.request
    request = replace(one, name=text(one.name), namespace=text(one.namespace), body=whole(one.body))
    return replace(call, phase=text(call.phase), undo=text(call.undo), request=request)


def _shape(request: Request) -> tuple[object, ...]:
    """What is alike in requests about the same fields of the same object, as renewals of a Lease are."""
    keys = sorted((request.body.get("spec") or request.body).keys()) if request.verb == "patch" else []
    return (request.verb, request.kind, request.name, request.namespace, request.subresource, tuple(keys))


def _keep_nothing(_folder: Path, _history: History) -> None:
    """A rehearsal has no report."""
