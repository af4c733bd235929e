"""The declarative head of an experiment."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.analysis.checkers import CHECKERS, OF_REPLACEMENT, checker_name
from chaos.analysis.claims import Checker
from chaos.analysis.notes import Note
from chaos.analysis.questions import QUESTIONS, Question
from chaos.analysis.reading import Reading
from chaos.errors import UsageError
from chaos.experiment.expected import did_you_mean
from chaos.experiment.mistakes import at_field, at_option, own_of
from chaos.experiment.run import Run
from chaos.experiment.soundness import check_checkers, check_method, check_readers
from chaos.experiment.unawaited import check_awaits
from chaos.experiment.uses import is_use, no_use
from chaos.options import Option
from chaos.options.own import check_own
from chaos.options.table import known_options

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
# Ids of what `chaos diagnose --fix` and `chaos cleanup` do begin so, and runs are named after their experiments.
RESERVED = ("fix-", "cleanup-")
# Checkers of what holds wherever a StatefulSet's pods are replaced.
OF_SINGLE_REPLACEMENT = (*OF_REPLACEMENT, "single-identity")  # where a probe asks who answers
PROBES = ("dns", "tcp", "http", "clusterip", "address", "stream")
# What an experiment may need besides a cluster and a namespace.
NEEDS = {
    "exec": "to run commands in its own pods",
    "kube-system": "to change cluster DNS, which everybody in the cluster uses: --allow-kube-system",
    "real-cluster": "a real cluster: the sandbox does not model what it measures",
    "reach": "probes that reach pods from this process: run it in the cluster or on a node",
    "node-commands": "two shell commands that cut a node off and join it again: --cut-node, --join-node",
    "nodes": "to take a node out of service, which keeps new pods away from it: --allow-nodes",
}


@dataclass(frozen=True, slots=True)
class Workload:
    """What an experiment deploys and watches.

    Attributes:
        manifests: YAML files beside the experiment, in ``manifests/``, applied in this order.
        statefulset: name of the StatefulSet among them.
        service: name of its governing headless service.
        port: that its containers serve on.
    """

    manifests: tuple[str, ...]
    statefulset: str
    service: str
    port: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """A steady-state hypothesis, what measures it, what is done, and who judges.

    Attributes:
        name: as on the command line.
        hypothesis: the sentence that the verdicts are about.
        workload: the StatefulSet that is deployed and probed throughout; None where the method brings what it needs.
        probes: of `PROBES`.
        checkers: names in `chaos.analysis.checkers`, or functions Reading → Verdict of the experiment's own.
        questions: keys in `chaos.analysis.questions`, or `Question`s of the experiment's own.
        blast_radius: how many pods may be under a fault at the same time.
        timeout_s: seconds after which its method is ended and undone; with ``trials`` among its options, for each
            turn, and for what comes before them.
        method: what is done.
        tables: kinds of notes that the report shows as a table each, in this order.
        headline: Reading → the report's first sentence; None: how long a pod was unreachable by its name.
        watched_names: how many names the method watches beside the workload's own; they share the limit of queries.
        needs: of `NEEDS`.
        uses: permissions in its namespace beyond those that every run has, as ``VERB[,VERB] RESOURCE[.GROUP]``, such as
            ``patch services`` or ``create,delete poddisruptionbudgets.policy``.
        options: what it honours beyond what its probes, checkers and needs imply: names of options of `chaos run`, such
            as ``trials`` (its method takes pod after pod from `run.turns`) or ``grace``; and `Option`s of its own.
        any_target: whether it can be run on a StatefulSet of the user's own (``--target``): its method uses no object
            that its workload's manifests would have brought.
        duration_s: rough length on a real cluster, in seconds, for the catalogue.
        summary: one line, from the module's docstring.
        source: the file that it came from.
    """

    name: str
    hypothesis: str
    method: Callable[[Run], Awaitable[None]]
    checkers: tuple[str | Checker, ...]
    workload: Workload | None = None
    probes: tuple[str, ...] = ()
    questions: tuple[str | Question, ...] = ()
    blast_radius: int = 1
    timeout_s: float = 300
    tables: tuple[type[Note], ...] = ()
    headline: Callable[[Reading], str] | None = None
    watched_names: int = 0
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    options: tuple[str | Option[Any], ...] = ()
    any_target: bool = False
    duration_s: float = 60
    summary: str = ""
    source: Path = field(default_factory=Path)

    def validate(self) -> None:
        """Refuse what cannot work, before anything is touched.

        Raises:
            UsageError: says which field, and what it may be.
        """
        self._validate_types()
        self._validate_head()
        for what, given, known in (
            ("probe", self.probes, PROBES),
            ("checker", [c for c in self.checkers if isinstance(c, str)], CHECKERS),
            ("question", [q for q in self.questions if isinstance(q, str)], QUESTIONS),
            ("need", self.needs, NEEDS),
            ("option", [o for o in self.options if isinstance(o, str)], known_options()),
        ):
            for name in given:
                if name not in known:
                    raise self._wrong(
                        f"{what}s",
                        f"experiment {self.name} names a {what} {name!r} that does not exist",
                        _meant(self.source, what, name, known),
                    )
        self._validate_options()
        if not self.checkers:
            raise self._wrong("checkers", f"experiment {self.name} has no checkers, so it could never fail")
        check_method(self.method, self.source)
        check_awaits(self.source)
        check_checkers(self.checkers, self.source)
        check_readers(
            {"headline": self.headline, **{q.key: q.answer for q in self.questions if isinstance(q, Question)}},
            self.source,
        )
        if self.workload is None and self.probes:
            raise self._wrong("probes", f"experiment {self.name} has probes and no workload to probe")
        for manifest in self.workload.manifests if self.workload else ():
            missing = self.manifest_path(manifest)
            if not missing.is_file():
                there = sorted(file.name for file in missing.parent.glob("*.yaml"))
                raise self._wrong(
                    "workload",
                    f"experiment {self.name} names a manifest {manifest!r}, and {missing} is no file",
                    did_you_mean(manifest, there) or f"there are: {', '.join(there) or 'none'}",
                )

    def _wrong(self, field_name: str, what: str, hint: str = "") -> UsageError:
        """The error that says so, with the line at which its file sets that field."""
        return UsageError(f"{at_field(self.source, field_name)}: {what}", hint=hint)

    def _validate_types(self) -> None:
        """A user's file may put anything anywhere: `checkers="steady-state"` would be twelve checkers of a letter."""
        for field_name, wanted, is_it in _TYPES:
            value = getattr(self, field_name)
            if not is_it(value):
                one = isinstance(value, str) and "tuple" in wanted
                hint = f'a tuple of one is written ("{value}",)' if one else ""
                if field_name == "uses" and not one:
                    hint = no_use(value)
                if field_name == "questions" and not one:
                    hint = 'one of your own: Question("key", "What is asked?", answer)'
                raise self._wrong(field_name, f"{field_name} is {value!r:.80}, and must be {wanted}", hint)

    def _validate_options(self) -> None:
        """Those of its own."""
        taken = set(known_options())
        for option in self.own_options:
            where = at_option(self.source, option.name)
            if option.name in taken:
                raise UsageError(
                    f"{where}: {self.name} brings an option {option.flag}, which is there already",
                    hint="choose another name for it",
                )
            taken.add(option.name)
            check_own(option, where)

    def _validate_head(self) -> None:
        """Name and numbers."""
        if not _NAME.fullmatch(self.name):
            raise self._wrong(
                "name",
                f"the name {self.name!r} of the experiment cannot be used",
                "small letters, digits and dashes, at most 40",
            )
        if self.name.startswith(RESERVED):
            raise self._wrong(
                "name",
                f"the name {self.name} begins as those of this tool's own changes do",
                f"not with {' or '.join(RESERVED)}",
            )
        if type(self.blast_radius) is not int or self.blast_radius < 1:
            given = f"blast_radius is {self.blast_radius!r:.80}"
            raise self._wrong("blast_radius", f"{given}, and must be a positive whole number")
        if not isinstance(self.timeout_s, int | float) or not 0 < self.timeout_s < math.inf:
            raise self._wrong("timeout_s", f"timeout_s is {self.timeout_s!r:.80}, and must be a positive number")

    @property
    def declared(self) -> frozenset[str]:
        """Names of the options that it says it honours."""
        return frozenset(one if isinstance(one, str) else one.name for one in self.options)

    @property
    def own_options(self) -> tuple[Option[Any], ...]:
        """Options that it brings."""
        return tuple(one for one in self.options if not isinstance(one, str))

    def honours(self, option: Option[Any]) -> bool:
        """Whether an option does something in it."""
        return option.name in self.declared or option.honoured_by(self)

    @property
    def tells_outage(self) -> bool:
        """Whether its headline is about how long a pod was unreachable."""
        return self.headline is None and not {"dns", "http"}.isdisjoint(self.probes)

    def manifest_path(self, name: str) -> Path:
        """Where a manifest of this experiment lies: in ``manifests`` beside it, or beside its folder."""
        beside = self.source.parent / "manifests" / name
        above = self.source.parent.parent / "manifests" / name
        return above if self.source.name == "__init__.py" and not beside.is_file() else beside

    def captions(self) -> dict[str, str]:
        """Kind of note → caption of its table, in order."""
        return {kind.kind: kind.caption() for kind in self.tables}

    def checker_names(self) -> list[str]:
        """How reports call its checkers."""
        return [checker_name(checker) for checker in self.checkers]

    def question_keys(self) -> list[str]:
        """By which run.json names its questions."""
        return [question_key(question) for question in self.questions]

    def question_texts(self) -> list[str]:
        """As readers see them."""
        return [QUESTIONS[question].text if isinstance(question, str) else question.text for question in self.questions]


def _tuple_of(*kinds: type | Callable[[object], bool]) -> Callable[[object], bool]:
    def is_it(value: object) -> bool:
        return isinstance(value, tuple | list) and all(
            any(isinstance(one, kind) if isinstance(kind, type) else kind(one) for kind in kinds) for one in value
        )

    return is_it


def _is_note(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Note)


def _is_workload(value: object) -> bool:
    return value is None or (
        isinstance(value, Workload)
        and _tuple_of(str)(value.manifests)
        and isinstance(value.statefulset, str)
        and isinstance(value.service, str)
        and type(value.port) is int
    )


# Field, what it must be, and whether a value is that.
_TYPES: tuple[tuple[str, str, Callable[[object], bool]], ...] = (
    ("name", "a text", lambda value: isinstance(value, str)),
    ("hypothesis", "a text", lambda value: isinstance(value, str)),
    ("summary", "a text", lambda value: isinstance(value, str)),
    ("workload", "a Workload of names, with a tuple of manifests and a port, or None", _is_workload),
    ("probes", "a tuple of names", _tuple_of(str)),
    ("checkers", "a tuple of names or functions", _tuple_of(str, callable)),
    ("questions", "a tuple of names or Questions", _tuple_of(str, Question)),
    ("needs", "a tuple of names", _tuple_of(str)),
    (
        "uses",
        "a tuple of texts like 'patch services'",
        _tuple_of(is_use),
    ),
    (
        "tables",
        "a tuple of Note classes",
        _tuple_of(_is_note),
    ),
    ("headline", "a function or None", lambda value: value is None or callable(value)),
    ("options", "a tuple of names of options, or Options", _tuple_of(str, Option)),
    ("watched_names", "a whole number from 0", lambda value: type(value) is int and value >= 0),
    ("duration_s", "a number", lambda value: isinstance(value, int | float)),
)


def _meant(source: Path, what: str, name: str, known: Iterable[str]) -> str:
    """What somebody may have meant who named something that does not exist."""
    if own := own_of(source, name, what):
        return f"the one of this file is written without quotes: {own}"
    own = "; one of your own is written as its function, without quotes" if what == "checker" else ""
    return f"{did_you_mean(name, known)} known: {', '.join(sorted(known))}{own}".strip()


def question_key(question: str | Question) -> str:
    """By which run.json names a question."""
    return question if isinstance(question, str) else question.key
