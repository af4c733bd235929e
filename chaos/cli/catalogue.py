"""`chaos list` and `chaos show`."""

from __future__ import annotations

import inspect
import json
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.engine.workload import objects_of
from chaos.experiment import Experiment, Fault, find_experiment, load_experiments
from chaos.experiment.definition import NEEDS


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


def show_list(*, as_json: bool) -> None:
    """Print the shipped experiments."""
    experiments = load_experiments()
    if as_json:
        print(json.dumps([{"name": e.name, "summary": e.summary} for e in experiments], indent=2))
        return
    width = max(len(experiment.name) for experiment in experiments)
    for experiment in experiments:
        print(f"{experiment.name:<{width}}  {experiment.summary}")


def show_experiment(name: str, *, as_json: bool) -> None:
    """Print one experiment."""
    experiment = known_experiment(name)
    rows = describe(experiment)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    console = Console()
    console.print(f"[bold]{experiment.name}[/]  {experiment.summary}", highlight=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for key, value in rows.items():
        if key not in ("name", "summary"):
            table.add_row(key.replace("_", " "), "\n".join(map(str, value)) if isinstance(value, list) else str(value))
    console.print(table)


def faults_of(experiment: Experiment) -> list[str]:
    """The faults that its file names, each with its first sentence."""
    names = getattr(inspect.unwrap(experiment.method), "__globals__", {})
    named = {value for value in names.values() if isinstance(value, type)}
    faults = [f for f in named if issubclass(f, Fault) and f is not Fault]
    return sorted(f"{f.__name__}: {(inspect.getdoc(f) or '').split(chr(10))[0]}".rstrip(": ") for f in faults)


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
        "questions": experiment.question_texts(),
        "source": str(experiment.source),
    }
