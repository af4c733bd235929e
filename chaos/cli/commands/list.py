"""Show the experiments that ship with the tool, one line each: what they need, how long they take, what they do."""

from chaos.cli.command import Command
from chaos.options.output import FormatOptions

command = Command("chaos.cli.listing:show_list", (FormatOptions,), profiles=False)
