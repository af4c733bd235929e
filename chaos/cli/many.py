"""`chaos run` with several experiments: one after the other, and one report of all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from chaos.cli.catalogue import known_experiment
from chaos.cli.run import RunRequest, Told, on_sandbox, run_one
from chaos.cli.terminal import SteadfastConsole, print_json
from chaos.engine.conclusion import INTERRUPTED, PRECEDENCE
from chaos.engine.folder import make_run_folder
from chaos.errors import ChaosError, InconclusiveError, RollbackError, UsageError
from chaos.experiment import Experiment, load_experiments
from chaos.experiment.unit import UNIT
from chaos.report.overview import OverviewRow, UnitPart, write_overview

_FOLDER = "overview"
# Exit codes after which no other experiment is begun, and why.
_ENDS_ALL = {
    INTERRUPTED: "the command was interrupted",
    RollbackError.exit_code: "{} left something that could not be undone, so nothing more was done to that cluster",
}


def run_many(request: RunRequest, names: list[str], *, every: bool) -> int:
    """Run them; returns the exit code that counts most.

    Args:
        request: for each of them.
        names: as on the command line; empty with `every`.
        every: all that ship with the tool; those that need what was not granted are left out, and said so.

    Raises:
        UsageError: a name does not exist, or an option cannot be meant for several.
    """
    if request.metrics.wanted:
        raise UsageError("metrics are of one run", hint="name one experiment, or leave the --metrics options out")
    if request.options.get("target"):
        raise UsageError("--target is for one experiment", hint="name identity-persistence alone")
    simulated = on_sandbox(request)
    experiments = load_experiments() if every else [known_experiment(name) for name in names]
    for experiment in experiments:
        experiment.validate()
    folder = make_run_folder(request.reports, _FOLDER, datetime.now(UTC))
    console, out = SteadfastConsole(stderr=True), SteadfastConsole()
    rows: list[OverviewRow] = []
    for number, experiment in enumerate(experiments, 1):
        reason = _left_out(experiment, request, simulated=simulated) if every else ""
        if reason:
            rows.append(OverviewRow(experiment.name, None, reason=reason))
            continue
        console.tell(f"[bold]({number} of {len(experiments)}) {experiment.name}[/]")
        rows.append(_run(request, experiment))
        if not request.as_json:
            _tell(out, rows[-1])
        if rows[-1].exit_code in _ENDS_ALL:
            reason = _ENDS_ALL[rows[-1].exit_code or 0].format(experiment.name)
            rows += [OverviewRow(e.name, None, reason=reason) for e in experiments[number:]]
            break
    try:
        write_overview(folder, rows, _parts(), simulated=simulated)
    except OSError as exc:
        raise InconclusiveError(f"the overview could not be written to {folder}: {exc.strerror}") from exc
    codes = {row.exit_code for row in rows if row.exit_code is not None} or {InconclusiveError.exit_code}
    code = next(one for one in PRECEDENCE if one in codes)
    if request.as_json:
        runs = [{"experiment": r.experiment, "exit_code": r.exit_code, "reason": r.reason, **r.document} for r in rows]
        print_json({"runs": runs, "exit_code": code, "folder": str(folder)})
    console.tell(f"overview: {folder / 'report.md'}", markup=False, soft_wrap=True)
    return code


def _run(request: RunRequest, experiment: Experiment) -> OverviewRow:
    """One of them; an error of one does not keep the others from being run."""
    try:
        told: Told = run_one(replace(request, quiet=True), experiment)
    except ChaosError as exc:
        return OverviewRow(experiment.name, exc.exit_code, reason=exc.message)
    return OverviewRow(experiment.name, told.exit_code, told.document, told.folder)


def _tell(out: SteadfastConsole, row: OverviewRow) -> None:
    """One line on stdout."""
    said = row.document.get("headline") or row.reason
    out.tell(f"{row.exit_code!s:>3}  {row.experiment}: {said}", markup=False, soft_wrap=True)


def _left_out(experiment: Experiment, request: RunRequest, *, simulated: bool) -> str:
    """Why `--all` does not run it; empty where it does."""
    options = request.options
    if simulated:
        return "it needs a real cluster: --context NAME" if "real-cluster" in experiment.needs else ""
    if "kube-system" in experiment.needs and not options.get("allow_kube_system"):
        return "it changes cluster DNS, which everybody uses: allow that with --allow-kube-system"
    if "node-commands" in experiment.needs and not options.get("cut_node"):
        return "it needs to be told how a node is cut off and joined again: --cut-node, --join-node"
    if "nodes" in experiment.needs and not options.get("allow_nodes"):
        return "it takes a node out of service: allow that with --allow-nodes"
    return ""


def _parts() -> list[UnitPart]:
    """The unit's parts in its order."""
    parts: dict[str, list[str]] = {}
    for question in UNIT.values():
        parts.setdefault(question.part, []).append(question.text)
    return [UnitPart(part, tuple(texts)) for part, texts in parts.items()]
