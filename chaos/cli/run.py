"""`chaos run`: choose the place and the experiments, and run them."""

from __future__ import annotations

from chaos.cli.catalogue import known_experiment
from chaos.cli.commands.run import Chosen
from chaos.cli.honoured import check_honoured
from chaos.cli.many import run_many
from chaos.cli.one import RunRequest, run_one
from chaos.cli.place import elsewhere, on_sandbox, with_agents_or_without
from chaos.cli.terminal import Telling
from chaos.errors import UsageError
from chaos.metrics import MetricsOptions
from chaos.options import Settings
from chaos.options.output import FormatOptions, ReportsOptions, SharingOptions, TellingOptions
from chaos.options.place import PlaceOptions


def run_command(
    chosen: Chosen,
    settings: Settings,
    *_groups: object,
) -> int:
    """`chaos run`; returns the exit code. The groups are read from the settings, which lose what counts for nothing.

    Raises:
        ChaosError: nothing was begun.
    """
    if chosen.every == bool(chosen.experiments):
        raise UsageError("name experiments, or say --all", hint="chaos list shows them")
    simulated = on_sandbox(settings.group(PlaceOptions))
    settings = with_agents_or_without(settings)
    left = elsewhere(settings, simulated=simulated)
    settings = settings.without([one.option.name for one in left], "means nothing here")
    telling = settings.group(TellingOptions)
    request = RunRequest(
        settings.group(PlaceOptions),
        simulated,
        settings,
        settings.group(ReportsOptions).reports,
        settings.group(MetricsOptions),
        settings.group(FormatOptions).as_json,
        Telling.of(telling.quiet, telling.verbose),
        shared=settings.group(SharingOptions).shared_reports,
    )
    if len(chosen.experiments) == 1:
        experiment = known_experiment(chosen.experiments[0])
        check_honoured(settings, [experiment])
        return run_one(request, experiment).ending.exit_code
    return run_many(request, chosen.experiments, every=chosen.every)
