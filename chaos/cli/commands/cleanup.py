"""Remove everything that this tool ever left in a cluster; shows it first, and asks.

It goes by the label that each object carries, so it needs no journal; where there is one, `chaos recover` knows more.
Exit code 0 where nothing is left, 5 where something is.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.options import Flag, Many, option
from chaos.options.option import Trust
from chaos.options.output import ReportsOptions, SharingOptions
from chaos.options.place import ClusterOptions


@dataclass(frozen=True, slots=True)
class CleanupOptions:
    """What is agreed to."""

    over: tuple[str, ...] = option(
        Many("ID"),
        (),
        "A run that is over although it looks as if it were not. Repeatable.",
        name="run",
        trust=Trust.NAMED,
    )
    yes: bool = option(Flag(), False, "Remove what runs left that are surely over, without asking.", trust=Trust.NAMED)


command = Command("chaos.cli.cleanup:clean_up", (CleanupOptions, ClusterOptions, ReportsOptions, SharingOptions))
