"""Show the version."""

from chaos.cli.command import Command
from chaos.options.output import FormatOptions

command = Command("chaos.cli.version:show_version", (FormatOptions,), profiles=False)
