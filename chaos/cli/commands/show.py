"""Show an experiment: hypothesis, what it does, its blast radius, which options it honours, what it asks."""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import experiment_names
from chaos.options.argument import argument
from chaos.options.output import FormatOptions


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """Which experiment."""

    experiment: str = argument("EXPERIMENT", "A name from `chaos list`, or a file.", complete=experiment_names)


command = Command("chaos.cli.catalogue:show_experiment", (ShowOptions, FormatOptions), profiles=False)
