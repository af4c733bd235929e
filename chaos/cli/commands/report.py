"""Render a saved run again; one that was cut short, or with an experiment file, is judged first."""

from dataclasses import dataclass
from pathlib import Path

from chaos.cli.command import Command
from chaos.cli.complete import run_folders
from chaos.options import File, Flag, Text, option
from chaos.options.argument import argument
from chaos.options.option import Trust
from chaos.options.output import FormatOptions


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Which run, and how."""

    folder: str = argument("RUN", "A run's folder; chaos runs lists them.", complete=run_folders)
    experiment: str = option(
        Text("FILE"),
        "",
        "The file of an experiment of your own that the run was of; it is executed.",
        trust=Trust.NAMED,
    )
    anew: bool = option(
        Flag(), False, "Judge it again instead of rendering what run.json says was concluded.", trust=Trust.TYPED
    )
    full: bool = option(Flag(), False, "Print the whole report, not only what matters most.", trust=Trust.TYPED)
    redact: bool = option(
        Flag(),
        False,
        "Write a copy to share, with other words for names and addresses; the original stays as it is.",
        trust=Trust.TYPED,
    )
    to: Path | None = option(
        File("DIR"), None, "Where the copy is written.", default_said="redacted/ in the run's folder", trust=Trust.TYPED
    )


command = Command("chaos.cli.again:render_command", (RenderOptions, FormatOptions), profiles=False)
