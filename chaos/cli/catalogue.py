"""Finding experiments, and `chaos show`."""

from __future__ import annotations

import ast
import inspect
import json
from functools import cache
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.cli.commands.show import ShowOptions
from chaos.engine.workload import objects_of
from chaos.experiment import Experiment, Fault, find_experiment
from chaos.experiment.definition import NEEDS
from chaos.options import Option, everyone
from chaos.options.output import FormatOptions
from chaos.options.table import known_options


@cache  # a user's file is executed once for each command
def known_experiment(name: str) -> Experiment:
    """Find and validate.

    Raises:
        UsageError: there is none of that name, or it is broken.
    """
    experiment = find_experiment(name)
    experiment.validate()
    objects_of(experiment)
    return experiment


def own_experiment(file: str) -> Experiment | None:
    """The user's own experiment that judges a saved run; None where no file is named.

    Raises:
        UsageError: it is none, or broken.
    """
    return known_experiment(file) if file else None


def show_experiment(chosen: ShowOptions, told: FormatOptions) -> int:
    """`chaos show`."""
    experiment = known_experiment(chosen.experiment)
    rows = describe(experiment)
    if told.as_json:
        print(json.dumps(rows, indent=2))
        return 0
    console = Console()
    if not console.is_terminal:  # whole lines, for grep
        for key, value in rows.items():
            for line in _lines(key, value):
                print(f"{_label(key)}: {line}")
        return 0
    console.print(Text.assemble((experiment.name, "bold"), "  ", experiment.summary))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows.items():
        if key not in ("name", "summary"):
            table.add_row(_label(key), "\n".join(_lines(key, value)))
    console.print(table, markup=False, highlight=False)
    return 0


def _label(key: str) -> str:
    return key.removesuffix("_s").replace("_", " ")


def _lines(key: str, value: object) -> list[str]:
    """Durations as Go and Kubernetes write them."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return [f"{value:g}s" if key.endswith("_s") else str(value)]


def faults_of(experiment: Experiment) -> list[str]:
    """The faults that its file uses, each with its first sentence; what it only imports does not count."""
    names = getattr(inspect.unwrap(experiment.method), "__globals__", {})
    tree = ast.parse(experiment.source.read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    faults = {one for name, one in names.items() if name in used and isinstance(one, type) and issubclass(one, Fault)}
    said = ((one, (inspect.getdoc(one) or "").split("\n")[0]) for one in faults - {Fault})
    return sorted(f"{one.__name__}: {text}".rstrip(": ") for one, text in said)


def describe(experiment: Experiment) -> dict[str, Any]:
    """What an experiment is, as plain data."""
    workload = experiment.workload
    method = " ".join((experiment.method.__doc__ or "").split())
    return {
        "name": experiment.name,
        "summary": experiment.summary,
        "hypothesis": experiment.hypothesis,
        "method": method,
        "faults": faults_of(experiment),
        "workload": [str(experiment.manifest_path(m)) for m in (workload.manifests if workload else ())],
        "probes": list(experiment.probes),
        "checkers": experiment.checker_names(),
        "blast_radius": experiment.blast_radius,
        "timeout_per_trial_s": experiment.timeout_s,
        "duration_s": experiment.duration_s,
        "needs": [f"{need}: {NEEDS[need]}" for need in experiment.needs] or ["a namespace"],
        "uses": list(experiment.uses) or ["what every run does"],
        "options": [_described(one) for one in honoured_options(experiment)],
        "questions": experiment.question_texts(),
        "source": str(experiment.source),
    }


def honoured_options(experiment: Experiment) -> list[Option[Any]]:
    """Options that do something in this experiment and not in every one, its own first."""
    known = [one for one in known_options().values() if one.honoured_by is not everyone and experiment.honours(one)]
    return [*experiment.own_options, *known]


def _described(one: Option[Any]) -> str:
    metavar = f" {one.kind.metavar}" if one.kind.metavar else ""
    default = f" (default: {one.shown_default()})" if one.shown_default() else ""
    return f"{one.flag}{metavar}: {one.help}{default}"
