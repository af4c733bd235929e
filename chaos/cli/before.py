"""Importing this takes signals over; only a process that is the tool does so, before all that takes long to import."""

from chaos.cli.early import take_over

take_over()
