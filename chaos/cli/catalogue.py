"""`chaos list` and `chaos show`."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.analysis.checkers import CHECKERS
from chaos.analysis.questions import QUESTIONS, TEXTS
from chaos.experiment import Experiment, find_experiment, load_experiments


def known_experiment(name: str) -> Experiment:
    """Find and validate.

    Raises:
        UsageError: there is none of that name, or it is broken.
    """
    experiment = find_experiment(name)
    experiment.validate(frozenset(CHECKERS), frozenset(QUESTIONS))
    return experiment


def show_list(*, as_json: bool) -> None:
    """Print the shipped experiments."""
    experiments = load_experiments()
    if as_json:
        print(json.dumps([{"name": e.name, "summary": e.summary} for e in experiments], indent=2))
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for experiment in experiments:
        table.add_row(experiment.name, experiment.summary)
    Console().print(table)


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


def describe(experiment: Experiment) -> dict[str, Any]:
    """What an experiment is, as plain data."""
    method = (experiment.method.__doc__ or "").strip().split("\n")[0]
    return {
        "name": experiment.name,
        "summary": experiment.summary,
        "hypothesis": experiment.hypothesis,
        "method": method,
        "workload": [str(experiment.manifest_path(m)) for m in experiment.workload.manifests],
        "probes": list(experiment.probes),
        "checkers": list(experiment.checkers),
        "blast_radius": experiment.blast_radius,
        "timeout_per_trial_s": experiment.timeout_s,
        "questions": [TEXTS[key] for key in experiment.questions],
        "source": str(experiment.source),
    }
