"""List past runs, the newest last: when, what came of them, what they found, and where they are kept.

`chaos runs prune` removes old ones; chaos runs prune --help says which.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.commands import PARTS
from chaos.cli.complete import experiment_names
from chaos.options import Whole, option
from chaos.options.argument import argument
from chaos.options.option import Trust
from chaos.options.output import FormatOptions, ReportsOptions

_MOST = 1_000_000


def _names_or_parts(incomplete: str) -> list[str]:
    return [*experiment_names(incomplete), *(part for part in PARTS["runs"] if part.startswith(incomplete))]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which runs."""

    experiment: str = argument("[EXPERIMENT]", "Only runs of this one.", required=False, complete=_names_or_parts)
    last: int | None = option(Whole(1, _MOST), None, "Only so many, the newest; default: all.", trust=Trust.TYPED)


command = Command("chaos.cli.past:list_runs", (Chosen, ReportsOptions, FormatOptions), profiles=False)
