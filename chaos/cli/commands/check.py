"""Judge a saved run again, without writing anything; the exit code is that of its verdicts."""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.commands.report import RenderOptions
from chaos.cli.complete import run_folders
from chaos.options.argument import argument
from chaos.options.option import Trust, same
from chaos.options.output import FormatOptions
from chaos.options.run import Options


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Which run, and by what."""

    folder: str = argument("RUN", "A run's folder; chaos runs lists them.", complete=run_folders)
    within_s: float | None = same(
        Options, "within_s", default=None, help="Judge recovery by another limit.", trust=Trust.TYPED
    )
    experiment: str = same(RenderOptions, "experiment")


command = Command("chaos.cli.again:judge_command", (CheckOptions, FormatOptions), profiles=False)
