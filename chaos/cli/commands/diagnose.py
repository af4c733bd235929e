"""Find every fault of network identity, in a namespace or in manifests. Changes nothing, unless --fix is agreed to.

Exit code 1 where something is wrong (--fail-on), 0 where it is not, 4 where that could not be told.
"""

from dataclasses import dataclass
from pathlib import Path

from chaos.cli.command import Command
from chaos.options import Choice, File, Flag, Many, option
from chaos.options.argument import argument
from chaos.options.option import Trust, same
from chaos.options.output import FormatOptions, ReportsOptions, SharingOptions
from chaos.options.place import ClusterOptions
from chaos.options.run import Options


@dataclass(frozen=True, slots=True)
class DiagnoseOptions:
    """What to look at, and what may be mended."""

    targets: tuple[str, ...] = argument(
        "[FILE|statefulset/NAME]...",
        "Manifests, as with -f: what exists here, or ends with .yaml, .yml or .json. Or one StatefulSet; default: all.",
        many=True,
    )
    files: tuple[str, ...] = option(
        Many("FILE"),
        (),
        "Manifests or a folder of them, instead of a cluster; - is stdin. Repeatable.",
        name="file",
        short="-f",
        trust=Trust.NAMED,
    )
    fail_on: str = option(
        Choice(("error", "warning")), "warning", "What makes the exit code 1: errors only, or warnings too."
    )
    ignore_file: Path | None = option(
        File(), None, "TOML with findings to ignore, each with its reason; see docs/diagnose.md.", trust=Trust.NAMED
    )
    namespace: str = same(Options, "namespace", help="To look at; default: default.")
    fix: bool = option(Flag(), False, "Offer to mend what can be mended safely; asks first.", trust=Trust.NAMED)
    yes: bool = option(Flag(), False, "Agree to all that --fix offers.", trust=Trust.NAMED)


command = Command(
    "chaos.cli.diagnose:run_diagnosis", (DiagnoseOptions, ClusterOptions, ReportsOptions, SharingOptions, FormatOptions)
)
