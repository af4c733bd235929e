"""Write an experiment or a fault of your own to begin with: complete, and it runs on the sandbox as it is."""

from dataclasses import dataclass
from pathlib import Path

from chaos import templates
from chaos.cli.command import Command
from chaos.cli.complete import kinds_of_new
from chaos.options import File, Text, option
from chaos.options.argument import argument
from chaos.options.option import Trust


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write."""

    kind: str = argument("experiment|fault", "What to write.", complete=kinds_of_new)
    name: str = argument("NAME", "Of it: small letters, digits and dashes.")
    folder: Path = option(
        File("DIR"), Path(), "Where to write it.", default_said="the current folder", trust=Trust.NAMED
    )
    fault: str = option(
        Text("NAME"),
        templates.FAULT,
        "That the experiment uses; one to change is written too where there is none.",
        trust=Trust.NAMED,
    )


command = Command("chaos.cli.new:write_new", (Wanted,), profiles=False)
