"""Say what of this tool's runs is in a cluster: under way, or left, where, since when and by whom. Changes nothing.

Exit code 0 where nothing is left, also while runs are surely under way; 5 where something is left, or may be: a run of
another machine looks alike whether it is under way or was killed.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.options.option import same
from chaos.options.output import FormatOptions, ReportsOptions
from chaos.options.place import ClusterOptions
from chaos.options.run import Options


@dataclass(frozen=True, slots=True)
class Looked:
    """Where."""

    namespace: str = same(Options, "namespace", help="That is looked at, where not all of the cluster may be.")


command = Command("chaos.cli.status:status", (Looked, ClusterOptions, ReportsOptions, FormatOptions))
