"""Remove folders of past runs; shows which, and asks.

Only folders that a run made go, with the files that runs write, and nothing else. A run stays that is under way, or
whose journal has something to be undone. Where both options are given, a run goes that is older and not among the
newest.

Exit codes: 0 all that was to go is gone, or was shown; 2 nobody could be asked; 4 a folder could not be removed; 5 one
that was to go stays, since something is to be undone from it.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import experiment_names
from chaos.errors import UsageError
from chaos.options import Duration, Flag, Whole, option
from chaos.options.argument import argument
from chaos.options.option import Trust
from chaos.options.output import ReportsOptions

_MOST = 1_000_000
_LONGEST_S = 100 * 365 * 86400


@dataclass(frozen=True, slots=True)
class Pruned:
    """Which runs go."""

    experiment: str = argument("[EXPERIMENT]", "Only runs of this one.", required=False, complete=experiment_names)
    older_than_s: float | None = option(
        Duration(0, _LONGEST_S, days=True), None, "Those that began longer ago, such as 30d.", trust=Trust.TYPED
    )
    keep: int | None = option(
        Whole(1, _MOST), None, "Those beyond so many of each experiment, the newest.", trust=Trust.TYPED
    )
    dry_run: bool = option(Flag(), False, "Only show what would go.", trust=Trust.TYPED)
    yes: bool = option(Flag(), False, "Remove them without asking.", trust=Trust.TYPED)

    def __post_init__(self) -> None:
        if self.older_than_s is None and self.keep is None:
            raise UsageError("nothing says which runs go", hint="--older-than 30d, --keep 10, or both")


command = Command("chaos.cli.prune:prune_runs", (Pruned, ReportsOptions), profiles=False)
