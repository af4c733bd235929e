"""Run experiments: measure, inject, undo, judge, report. Of several, one overview is written too.

Without --sandbox or --context it runs on the sandbox at a terminal, and refuses elsewhere: a nightly job must not pass
on a simulator by mistake. Each option may also come from a variable (CHAOS_PERIOD for --period) or from a profile;
those that run commands, name clusters or give consent may not. chaos show NAME says which options an experiment
honours.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import experiment_names
from chaos.options import Flag, Settings, option
from chaos.options.argument import argument
from chaos.options.option import Trust
from chaos.options.table import GROUPS


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which experiments."""

    experiments: tuple[str, ...] = argument(
        "EXPERIMENT...",
        "Names from `chaos list`, or files: ./my_experiment.py",
        many=True,
        required=False,
        complete=experiment_names,
    )
    every: bool = option(Flag(), False, "All that ship with the tool, and one overview.", name="all", trust=Trust.NAMED)


command = Command("chaos.cli.run:run_command", (Chosen, Settings, *GROUPS), own="chaos.cli.own:options_by_experiment")
