"""Print everything that a run would do, as JSON; nothing of it is done.

Every request that changes something, with its object, its undo and what the server says to a dry run of it;
permissions, duration, load on cluster DNS. Requests are those of a rehearsal on the simulated cluster. The same for
people: chaos run NAME --dry-run. Exit code 0; 3 where the cluster would refuse something, 4 where not all is known.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import experiment_names
from chaos.options import Settings
from chaos.options.argument import argument
from chaos.options.table import GROUPS


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Which experiment."""

    experiments: tuple[str, ...] = argument(
        "EXPERIMENT", "A name from `chaos list`, or a file: ./my_experiment.py", many=True, complete=experiment_names
    )


command = Command("chaos.cli.run:plan_command", (PlanOptions, Settings, *GROUPS), own="chaos.cli.own:with_options_of")
