"""Undo what a run that was killed left in a cluster, from its journal.

The journal is a file, so it is believed where the cluster agrees: what is deleted must carry the run's label, what is
put back must still have the run's values. The kubeconfig is yours; one that the journal names is read only if you name
it.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import run_folders
from chaos.options import Flag, option
from chaos.options.argument import argument
from chaos.options.option import Trust
from chaos.options.output import ReportsOptions
from chaos.options.place import ClusterOptions


@dataclass(frozen=True, slots=True)
class RecoverOptions:
    """Which run, and what may be done."""

    folder: str = argument(
        "[RUN]", "A run's folder; default: all below --reports.", required=False, complete=run_folders
    )
    run_commands: bool = option(
        Flag(),
        False,
        "Also run shell commands that a journal names, such as one for --join-node.",
        trust=Trust.NAMED,
    )


command = Command("chaos.cli.recover:recover_command", (RecoverOptions, ClusterOptions, ReportsOptions))
