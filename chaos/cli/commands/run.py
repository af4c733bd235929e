"""Run experiments: measure, inject, undo, judge, report. Of several, one overview is written too.

Without --sandbox or --context it runs on the sandbox at a terminal, and refuses elsewhere: a nightly job must not pass
on a simulator by mistake. Options may also come from variables (CHAOS_PERIOD for --period) and from a profile of
chaos.toml. What runs a command, names a cluster or gives consent is typed, or stands in a file that --config names.
chaos show NAME says which options an experiment honours.

Before anything is touched the plan is shown; --dry-run tells all of it, and does nothing. Whatever is said, no run
works in a kube-* namespace, in one whose owner has not allowed it (chaos allow), before it has seen its workload
steady, or takes more pods at once than its experiment declares. Only where the option for it is given does one work in
default or in another cluster than the context led to before, touch cluster DNS or nodes, or take pods that a
PodDisruptionBudget wants to stay. SECURITY.md has the list.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import experiment_names
from chaos.options import Flag, Settings, option
from chaos.options.argument import argument
from chaos.options.option import Trust
from chaos.options.table import GROUPS


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Which experiments."""

    experiments: tuple[str, ...] = argument(
        "EXPERIMENT...",
        "Names from `chaos list`, or files: ./my_experiment.py",
        many=True,
        required=False,
        complete=experiment_names,
    )
    dry_run: bool = option(
        Flag(),
        False,
        "Change nothing: tell each request, its undo, permissions, duration and load.",
        trust=Trust.TYPED,
    )
    every: bool = option(Flag(), False, "All that ship with the tool, and one overview.", name="all", trust=Trust.NAMED)


command = Command("chaos.cli.run:run_command", (RunOptions, Settings, *GROUPS), own="chaos.cli.own:with_options_of")
