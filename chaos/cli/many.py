"""`chaos run` with several experiments: one after the other, and one report of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from chaos.cli.catalogue import known_experiment
from chaos.cli.console import SteadfastConsole, print_json
from chaos.cli.honoured import check_honoured
from chaos.cli.one import RunRequest, Told, options_for, run_one
from chaos.cli.sandbox import read_settings
from chaos.cli.saved import report_path
from chaos.cli.terminal import Telling, print_problem, print_result
from chaos.engine.folder import make_run_folder
from chaos.engine.total import NOT_RUN, SKIPPED, ExperimentResult, total_of
from chaos.errors import ChaosError, InconclusiveError, InterruptedRunError, UsageError
from chaos.experiment import Experiment, course_questions, load_experiments
from chaos.model import Ending, RunOutcome
from chaos.report.overview import OverviewRow, UnitPart, write_overview

_FOLDER = "overview"
# Outcomes after which no other experiment is begun, and why.
_ENDS_ALL: dict[str, str] = {
    RunOutcome.INTERRUPTED: "the command was interrupted",
    RunOutcome.NOT_UNDONE: "{} left something that could not be undone, so nothing more was done to that cluster",
}


def run_many(request: RunRequest, names: Sequence[str], *, every: bool) -> int:
    """Run them; returns the exit code that counts most.

    Args:
        request: for each of them.
        names: as on the command line; empty with `every`.
        every: all that ship with the tool; those that need what was not granted are left out, and said so.

    Raises:
        UsageError: a name does not exist, or an option cannot be meant for several.
    """
    request.metrics.validate()
    if request.metrics.wanted:
        raise UsageError("metrics are of one run", hint="name one experiment, or leave the --metrics options out")
    if "target" in request.settings.given:
        raise UsageError("--target is for one experiment", hint="name identity-persistence alone")
    read_settings(request.place.model)
    experiments = load_experiments() if every else [known_experiment(name) for name in names]
    for experiment in experiments if every else ():
        experiment.validate()
    check_honoured(request.settings, experiments)
    for experiment in experiments:
        options_for(request, experiment)
    folder = make_run_folder(request.reports, _FOLDER, datetime.now(UTC), shared=request.shared)
    console = SteadfastConsole(stderr=True)
    rows = _run_all(request, experiments, console, every=every)
    parts = [ExperimentResult(row.experiment, row.outcome, row.exit_code, row.reason) for row in rows]
    total = total_of(parts, simulated=request.simulated)
    problem: InconclusiveError | None = None
    try:
        write_overview(folder, rows, _parts(), total, simulated=request.simulated)
    except OSError as exc:
        problem = InconclusiveError(f"the overview could not be written to {folder}: {exc.strerror}")
        total = total_of(parts, simulated=request.simulated, problem=problem)
    _tell(request, rows, total, folder)
    if problem is not None:
        print_problem(console, "no overview", problem)
    return total.exit_code


def _run_all(
    request: RunRequest, experiments: Sequence[Experiment], console: SteadfastConsole, *, every: bool
) -> list[OverviewRow]:
    """One after the other, and what came of each."""
    rows: list[OverviewRow] = []

    def tell(line: str) -> None:
        if request.telling is not Telling.QUIET:
            console.tell(line, style="bold", markup=False, soft_wrap=True)

    for number, experiment in enumerate(experiments, 1):
        place = f"({number} of {len(experiments)}) {experiment.name}"
        reason = _left_out(experiment, request) if every else ""
        if reason:
            rows.append(_skipped(experiment, reason))
        else:
            tell(place)
            rows.append(_run(request, experiment))
        tell(f"{place}: {rows[-1].line}")
        if rows[-1].outcome in _ENDS_ALL:
            reason = _ENDS_ALL[rows[-1].outcome].format(experiment.name)
            rows += [_skipped(e, reason) for e in experiments[number:]]
            break
    return rows


def _run(request: RunRequest, experiment: Experiment) -> OverviewRow:
    """One of them; an error of one does not keep the others from being run."""
    try:
        told: Told = run_one(replace(request, silent=True), experiment)
    except InterruptedRunError as exc:
        return OverviewRow(experiment.name, RunOutcome.INTERRUPTED, exc.exit_code, reason=exc.message)
    except ChaosError as exc:
        return OverviewRow(experiment.name, NOT_RUN, exc.exit_code, reason=exc.message)
    return OverviewRow(experiment.name, told.ending.outcome, told.ending.exit_code, told.document, told.folder)


def _skipped(experiment: Experiment, reason: str) -> OverviewRow:
    return OverviewRow(experiment.name, SKIPPED, None, reason=reason)


def _tell(request: RunRequest, rows: list[OverviewRow], total: Ending, folder: Path) -> None:
    """On stdout: the total first and last, and a line for each experiment; quiet: the total, which has what failed."""
    where = report_path(folder)
    if request.as_json:
        runs = [
            {
                "experiment": row.experiment,
                "outcome": row.outcome,
                "exit_code": row.exit_code,
                "reason": row.reason,
                **row.document,
            }
            for row in rows
        ]
        total_keys = {"outcome": str(total.outcome), "exit_code": total.exit_code, "result": total.line}
        print_json({"runs": runs, **total_keys, "folder": str(folder)})
        return
    out = SteadfastConsole()
    width = max(len(row.experiment) for row in rows)
    print_result(total, where)
    if request.telling is Telling.QUIET:
        return
    out.tell()
    for row in rows:
        out.tell(f"{row.experiment:<{width}}  {row.line}", markup=False, soft_wrap=True)
    out.tell()
    print_result(total, where)


def _left_out(experiment: Experiment, request: RunRequest) -> str:
    """Why `--all` does not run it; empty where it does."""
    options = options_for(request, experiment)
    if request.simulated:
        return "real clusters only" if "real-cluster" in experiment.needs else ""
    if "kube-system" in experiment.needs and not options.allow_kube_system:
        return "it changes cluster DNS, which everybody uses: --allow-kube-system allows that"
    if "node-commands" in experiment.needs and not options.cut_node:
        return "it must be told how a node is cut off and joined again: --cut-node, --join-node"
    if "nodes" in experiment.needs and not options.allow_nodes:
        return "it takes a node out of service: --allow-nodes allows that"
    return ""


def _parts() -> list[UnitPart]:
    """The unit's parts in its order."""
    parts: dict[str, list[str]] = {}
    for question in course_questions():
        parts.setdefault(question.part, []).append(question.text)
    return [UnitPart(part, tuple(texts)) for part, texts in parts.items()]
