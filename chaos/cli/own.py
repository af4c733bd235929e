"""Options of experiments of one's own, which are known when their files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos.cli.catalogue import known_experiment
from chaos.cli.complete import experiment_names
from chaos.errors import UsageError
from chaos.options import Option


def options_by_experiment(named: list[str]) -> dict[str, list[Option[Any]]]:
    """By the experiment's name; what is no experiment is left for the command to refuse.

    Args:
        named: words of the command line that are no options; values of options not known yet may be among them.

    Raises:
        UsageError: a file is no experiment, or is broken; or two bring different options of one name.
    """
    shipped = experiment_names("")
    found: dict[str, list[Option[Any]]] = {word: [] for word in named if word in shipped}
    for word in named:
        if not word.startswith("-") and word not in found and _is_experiment(Path(word)):
            experiment = known_experiment(word)
            found[experiment.name] = list(experiment.own_options)
    _check_alike(found)
    return found


def _check_alike(found: dict[str, list[Option[Any]]]) -> None:
    """A flag has one meaning in a command."""
    first: dict[str, tuple[str, Option[Any]]] = {}
    for experiment, options in found.items():
        for one in options:
            other, like = first.setdefault(one.name, (experiment, one))
            if one != like:
                raise UsageError(
                    f"{other} and {experiment} both bring an option {one.flag}, and it is not the same one",
                    hint="run them one at a time, or let one file import the option from the other",
                )


def _is_experiment(path: Path) -> bool:
    try:
        return (path.suffix == ".py" and path.is_file()) or (path / "__init__.py").is_file()
    except (OSError, ValueError):  # a name that is too long for one
        return False
