"""Write a fault or an experiment of your own, complete and ready to run."""

from chaos.cli.command import Command

command = Command("chaos.cli.new:write_new", (), profiles=False)
