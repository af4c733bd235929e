"""The page of what a file of one's own may import: by what it is for, a line each, with types."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import chaos.experiment
from chaos.analysis.causes import Cause
from chaos.analysis.checkers import CHECKERS
from chaos.analysis.identity import Facet
from chaos.analysis.lasting import Turn
from chaos.analysis.questions import QUESTIONS
from chaos.experiment import Experiment, Fault, Identify, Note, Option, Options, Run, Target
from chaos.experiment.definition import NEEDS, PROBES
from chaos.model import ClusterEvent, FaultWindow, Outcome, RunMeta, Series, WatchGap
from chaos.options.kinds import Kind
from tools.signatures import call, first_sentences, members, with_arguments

INTRODUCTION = """\
All of `chaos.experiment`; an experiment or a fault imports nothing else of this tool. Of a function: how it is called,
and what it returns; of a class: its fields, then its methods. What ends in `_ns` is nanoseconds, an instant on the
run's clock where it is no duration; in `_s`, seconds. A checker or an answer ends where a function raises
`UnmeasuredError`: it is `unknown` then, with the reason."""
# Title, and where what is below it is defined; the first that fits.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What an experiment is", ("chaos.experiment.definition", "chaos.experiment.course", "chaos.experiment.run")),
    ("Options of its own", ("chaos.options",)),
    ("Faults", ("chaos.faults", "chaos.cluster.changes", "chaos.model.fault")),
    ("What a method notes down", ("chaos.analysis.notes", "chaos.experiment.common_notes")),
    (
        "What a method asks",
        ("chaos.experiment.asking", "chaos.experiment.from_pod", "chaos.experiment.pods", "chaos.clients"),
    ),
    ("What a run recorded", ("chaos.analysis.reading", "chaos.model")),
    ("To judge: findings, and what ends them", ("chaos.analysis.claims",)),
    ("To answer", ("chaos.analysis.questions",)),
    ("Figures for sentences", ("chaos.analysis.units", "chaos.analysis.statistics", "chaos.analysis.proportion")),
    ("Whether names turned, and stayed", ("chaos.analysis.lasting", "chaos.analysis.transitions")),
    ("Whether enough was heard", ("chaos.analysis.coverage", "chaos.analysis.views")),
    ("Connections", ("chaos.analysis.outage", "chaos.analysis.connections", "chaos.analysis.overlap")),
    (
        "Replaced pods",
        (
            "chaos.analysis.trials",
            "chaos.analysis.recovery",
            "chaos.analysis.identity",
            "chaos.analysis.over_faults",
            "chaos.analysis.podlog",
            "chaos.analysis.identity_notes",
        ),
    ),
    ("Errors, and all else", ("chaos.errors", "chaos.analysis.corefile", "chaos.experiment.loading", "chaos.vantage")),
)
# No function or class of its own module.
_AT = {
    "OF_REPLACEMENT": "chaos.experiment.definition",
    "OF_SINGLE_REPLACEMENT": "chaos.experiment.definition",
    "SERVICE_VIEW": "chaos.model",
    "Checker": "chaos.analysis.claims",
}
# What those return, and nobody imports.
_RETURNED = (Turn, Cause, Facet, RunMeta, WatchGap, ClusterEvent)
_ELSEWHERE: dict[type, str] = {
    Run: "run.md",
    Target: "run.md",
    Options: "../options.md",
    Series: "records.md",
    Outcome: "records.md",
    FaultWindow: "records.md",
    ClusterEvent: "records.md",
}
# What else they have is for the engine.
_ONLY_FIELDS = (Experiment, Option, Identify)


def names_page(made: str) -> Iterator[str]:
    """Its lines.

    Raises:
        ValueError: a name of the facade belongs to no group.
    """
    yield from ("# What a file of your own may import", "", made, "", INTRODUCTION)
    named: dict[str, list[str]] = {title: [] for title, _ in GROUPS}
    for name in chaos.experiment.__all__:
        named[_group_of(name)].append(name)
    for title, names in named.items():
        yield from ("", f"## {title}", "")
        for name in sorted(names, key=lambda one: (isinstance(getattr(chaos.experiment, one), type), one.lower())):
            yield from _entry(name, getattr(chaos.experiment, name))
    yield from ("", "## What those return, and nobody imports", "")
    for kind in _RETURNED:
        yield from _entry(kind.__name__, kind)
    yield from ("", "## Names to use in an experiment's fields", "")
    yield "- `probes`: " + ", ".join(f"`{probe}`" for probe in PROBES)
    yield "- `needs`: " + "; ".join(f"`{need}`, {what}" for need, what in NEEDS.items())
    yield from ("- `checkers`:", *(f"    - `{name}`: {first_sentences(one)}" for name, one in CHECKERS.items()))
    yield from ("- `questions`:", *(f"    - `{key}`: {one.text}" for key, one in QUESTIONS.items()))


def _group_of(name: str) -> str:
    module = _AT.get(name) or str(getattr(getattr(chaos.experiment, name), "__module__", ""))
    exact = [title for title, modules in GROUPS if module in modules]
    below = [title for title, modules in GROUPS if module.startswith(tuple(f"{one}." for one in modules))]
    if not exact and not below:
        raise ValueError(f"{name} of {module} belongs to no group of the page")
    return (exact or below)[0]


def _entry(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, type):
        there = _page_of(value)
        yield f"- **`{name}`**: {first_sentences(value)}" + (f" See [{there}]({there})." if there else "")
        if not there:
            yield from members(value, methods=value not in _ONLY_FIELDS and not issubclass(value, Kind))
    elif inspect.isroutine(value):
        yield f"- `{call(name, value)}`: {first_sentences(value)}"
        yield from with_arguments(value)
    else:
        yield f"- `{name}`: `{re.sub(r'(?:[a-z_]+[.])+', '', repr(value))}`"


def _page_of(kind: type) -> str:
    """Where its fields are, if not here."""
    if issubclass(kind, Note) and kind is not Note:
        return "records.md"
    if issubclass(kind, Fault) or kind.__name__ == "Changes":
        return "faults.md"
    return _ELSEWHERE.get(kind, "")
