"""Options of experiments of one's own, which are known when their files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.cli.catalogue import known_experiment
from chaos.errors import UsageError
from chaos.options import Option
from chaos.shipped import shipped_files

OptionsByExperiment = dict[str, list[Option[Any]]]


def with_options_of(word: str, known: Mapping[str, list[Option[Any]]]) -> OptionsByExperiment:
    """By the experiment's name, those that are known and those of one more.

    Args:
        word: of the command line; one that names no experiment is left for the command to refuse.
        known: of the experiments before it.

    Raises:
        UsageError: a file is no experiment, or is broken; or brings a different option of a name that is known.
    """
    if word in shipped_files():
        return {**known, word: []}
    if not _is_experiment(Path(word)):
        return dict(known)
    experiment = known_experiment(word)
    found = {**known, experiment.name: list(experiment.own_options)}
    _check_alike(found)
    return found


def _check_alike(found: OptionsByExperiment) -> None:
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
