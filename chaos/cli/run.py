"""`chaos run`: choose the place and the experiments, and run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaos.cli.catalogue import known_experiment
from chaos.cli.commands.plan import PlanOptions
from chaos.cli.commands.run import RunOptions
from chaos.cli.dry_run import dry_run
from chaos.cli.honoured import check_honoured
from chaos.cli.many import run_many
from chaos.cli.one import RunRequest, run_one
from chaos.cli.place import elsewhere, on_sandbox, with_agents_or_without
from chaos.cli.terminal import Telling
from chaos.engine.conclusion import weightiest
from chaos.errors import UsageError
from chaos.experiment import Experiment, load_experiments
from chaos.metrics import MetricsOptions
from chaos.options import Settings
from chaos.options.output import FormatOptions, ReportsOptions, SharingOptions, TellingOptions
from chaos.options.place import PlaceOptions


def run_command(chosen: RunOptions, settings: Settings, *_groups: object) -> int:
    """`chaos run`; returns the exit code. Groups are read from the settings, where overruled options are left out.

    Raises:
        ChaosError: nothing was begun.
    """
    if chosen.every == bool(chosen.experiments):
        raise UsageError("name experiments, or say --all", hint="chaos list shows them")
    request = _request(settings)
    if chosen.dry_run:
        return _dry_run(request, load_experiments() if chosen.every else _known(chosen.experiments))
    if len(chosen.experiments) == 1:
        (experiment,) = _known(chosen.experiments)
        check_honoured(request.settings, [experiment])
        return run_one(request, experiment).ending.exit_code
    return run_many(request, chosen.experiments, every=chosen.every)


def plan_command(chosen: PlanOptions, settings: Settings, *_groups: object) -> int:
    """`chaos plan`; returns the exit code.

    Raises:
        ChaosError: the run would be refused.
    """
    if len(chosen.experiments) != 1:
        raise UsageError("name one experiment: a plan is one JSON document", hint="chaos list shows them")
    return _dry_run(replace(_request(settings), as_json=True), _known(chosen.experiments))


def _known(names: Sequence[str]) -> list[Experiment]:
    return [known_experiment(name) for name in names]


def _dry_run(request: RunRequest, experiments: Sequence[Experiment]) -> int:
    if request.as_json and len(experiments) > 1:
        raise UsageError("a plan is one JSON document, so it is of one experiment", hint="leave -o json out")
    check_honoured(request.settings, experiments)
    return weightiest(dry_run(request, experiment) for experiment in experiments)


def _request(settings: Settings) -> RunRequest:
    """What is asked for of each run."""
    simulated = on_sandbox(settings.group(PlaceOptions))
    settings = with_agents_or_without(settings)
    left = elsewhere(settings, simulated=simulated)
    settings = settings.without([one.option.name for one in left], "means nothing here")
    telling = settings.group(TellingOptions)
    return RunRequest(
        settings.group(PlaceOptions),
        simulated,
        settings,
        settings.group(ReportsOptions).reports,
        settings.group(MetricsOptions),
        settings.group(FormatOptions).as_json,
        Telling.of(telling.quiet, telling.verbose),
        shared=settings.group(SharingOptions).shared_reports,
    )
