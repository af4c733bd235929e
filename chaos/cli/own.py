"""Options of experiments of one's own, which are known when their files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos.cli.catalogue import known_experiment
from chaos.options import Option


def options_by_experiment(words: list[str]) -> dict[str, list[Option[Any]]]:
    """By the experiment's name, of those whose files are among the words of a command line.

    Raises:
        UsageError: a file is no experiment, or is broken.
    """
    found: dict[str, list[Option[Any]]] = {}
    for word in words:
        if not word.startswith("-") and _is_experiment(Path(word)):
            experiment = known_experiment(word)
            found[experiment.name] = list(experiment.own_options)
    return found


def _is_experiment(path: Path) -> bool:
    return (path.suffix == ".py" and path.is_file()) or (path / "__init__.py").is_file()
