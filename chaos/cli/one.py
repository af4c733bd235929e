"""One run: with what of the options it honours, measured, judged, told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubesim
from chaos.analysis.reading import Reading
from chaos.cli.console import SteadfastConsole, print_json
from chaos.cli.honoured import ignored_by
from chaos.cli.place import open_place
from chaos.cli.saved import Conclusion, conclude, outcome_of, report_path, write_head
from chaos.cli.signals import RunSignals
from chaos.cli.terminal import (
    Telling,
    TerminalProgress,
    print_problem,
    print_short,
    run_time,
)
from chaos.engine.execution import Execution, RunResult
from chaos.errors import ChaosError, InconclusiveError, PreflightError, UsageError
from chaos.experiment import Experiment, Options
from chaos.metrics import MetricsOptions, Publisher, not_begun
from chaos.model import Ending, History
from chaos.options import Settings, options_in
from chaos.options.place import PlaceOptions
from chaos.options.run import GROUPS_OF_RUN


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is asked for of each run.

    Attributes:
        simulated: whether it is on the sandbox.
        silent: leaves its answers to the report.
        shared: others may read its folder too.
    """

    place: PlaceOptions
    simulated: bool
    settings: Settings
    reports: Path
    metrics: MetricsOptions
    as_json: bool = False
    telling: Telling = Telling.NORMAL
    silent: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """How a run ended.

    Attributes:
        document: the content of run.json.
    """

    ending: Ending
    document: dict[str, Any]
    folder: Path


def options_for(request: RunRequest, experiment: Experiment) -> Options:
    """What a run of this experiment may do: all that was given and that it honours.

    Raises:
        UsageError: an option says something impossible.
    """
    for one in experiment.own_options:
        if one.default is None and one.name not in request.settings.given:
            raise UsageError(f"{experiment.name} needs {one.flag}", hint=one.help)
    ignored = [one.option.name for one in ignored_by(request.settings, experiment)]
    settings = request.settings.without(ignored, f"does nothing in {experiment.name}")
    more: dict[str, Any] = {name: settings.group(group) for name, (group, _) in GROUPS_OF_RUN.items()}
    if request.simulated:
        more |= {
            one.field: one.simulated[0]
            for one in options_in(Options)
            if one.simulated and one.name not in settings.given
        }
    if "agents" in settings.given and settings.value("vantage", "auto") == "auto":
        more["vantage"] = "agent"  # asking for agents means wanting them
    own = {one.name for one in experiment.own_options}
    said = {given.said: given.origin for given in settings.given.values() if given.option.name != "profile"}
    return settings.group(
        Options,
        **more,
        own={name: given.value for name, given in settings.given.items() if name in own},
        origins=said,
        dropped=settings.dropped,
    )


def run_one(request: RunRequest, experiment: Experiment) -> Told:
    """Run one, and say how it ended.

    Raises:
        ChaosError: nothing was begun.
    """
    options = options_for(request, experiment)
    console = SteadfastConsole(stderr=True)
    virtual = request.simulated and not request.place.realtime
    with RunSignals() as signals, Publisher(request.metrics) as publisher:
        began_at = datetime.now(UTC)
        try:
            with asyncio.Runner(loop_factory=kubesim.VirtualTimeLoop if virtual else None) as runner:
                told = runner.run(_run(request, experiment, options, console, publisher, signals))
        except ChaosError as exc:
            # Nothing was begun. Publish that too, or monitoring would keep showing the figures of the run before.
            history = not_begun(
                experiment.name,
                began_at,
                simulated=request.simulated,
                namespace=options.namespace,
                statefulset=experiment.workload.statefulset if experiment.workload else "",
            )
            _warn(console, publisher.publish(Reading(history), [], exc.exit_code))
            raise
        publisher.linger()
        return told


def _warn(console: SteadfastConsole, problems: list[str]) -> None:
    for problem in problems:
        console.tell(f"warning: {problem}", markup=False, soft_wrap=True)


def _finish(
    request: RunRequest,
    experiment: Experiment,
    console: SteadfastConsole,
    publisher: Publisher,
    result: RunResult,
) -> Told:
    """Judge, report, tell."""
    conclusion = conclude(result.folder, result.history, result.error, experiment)
    _tell_problems(console, result, conclusion)
    if not request.silent:
        _tell(request, console, result, conclusion)
    _warn(console, publisher.publish(conclusion.reading, conclusion.said.verdicts, conclusion.ending.exit_code))
    return Told(conclusion.ending, conclusion.document, result.folder)


async def _run(
    request: RunRequest,
    experiment: Experiment,
    options: Options,
    console: SteadfastConsole,
    publisher: Publisher,
    signals: RunSignals,
) -> Told:
    async with open_place(
        request.place, console, simulated=request.simulated, quiet=request.telling is Telling.QUIET
    ) as place:
        # Made here, so that the seconds it prints begin with the run's clock.
        progress = TerminalProgress(console, run_time(), request.telling)

        def begun(folder: Path, history: History) -> None:
            write_head(folder, history)
            publisher.follow(history)

        def judge(history: History, error: ChaosError | None) -> str:
            return outcome_of(history, error, experiment)

        execution = Execution(
            experiment, options, place, request.reports, progress, begun, shared=request.shared, judge=judge
        )
        signals.watch(execution)
        try:
            result = await execution.run()
            if result.error is not None:
                _name_settings(result.error, request.place.model)
            # Signals stay handled until the result is printed: a late Ctrl-C must not hide what could not be undone.
            told = _finish(request, experiment, console, publisher, result)
            signals.told(told.ending.exit_code)
        except ChaosError as exc:  # nothing was begun
            _name_settings(exc, request.place.model)
            raise
        return told


def _name_settings(error: ChaosError, settings: tuple[str, ...]) -> None:
    """Delays that the user chose may be why a cluster could not be used, or nothing could be concluded there."""
    if settings and error.exit_code in (PreflightError.exit_code, InconclusiveError.exit_code):
        error.message += f" (in a sandbox with {' '.join(f'--model {setting}' for setting in settings)})"


def _tell_problems(console: SteadfastConsole, result: RunResult, conclusion: Conclusion) -> None:
    """What went wrong, on stderr."""
    if result.error is not None:
        print_problem(console, "ended early", result.error)
    if conclusion.problem is not None:
        print_problem(console, "no report", conclusion.problem)
    for failure in result.leftovers:
        print_problem(console, "not undone", failure)


def _tell(request: RunRequest, console: SteadfastConsole, result: RunResult, conclusion: Conclusion) -> None:
    """What was found, on stdout: the result first and last."""
    where = report_path(result.folder)
    if request.as_json:
        print_json({**conclusion.document, "folder": str(result.folder)})
        console.tell(f"report: {where}", markup=False, soft_wrap=True)
        return
    print_short(conclusion.ending, conclusion.said, where, request.telling)
