"""Finds experiments: those that ship with the tool, and files of the user's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chaos.errors import UsageError
from chaos.experiment.course import CourseQuestion
from chaos.experiment.definition import Experiment
from chaos.experiment.importing import execute, package
from chaos.experiment.mistakes import mistake_in
from chaos.nearest import meant
from chaos.shipped import shipped_files, shipped_folder


def load_experiments() -> list[Experiment]:
    """The shipped experiments, by name.

    Raises:
        UsageError: one of them is broken.
    """
    return [load_file(path) for path in shipped_files().values()]


def course_questions() -> tuple[CourseQuestion, ...]:
    """The questions that are asked of the shipped experiments together; none where they belong to no course."""
    return tuple(getattr(package(shipped_folder()), "QUESTIONS", ()))


def is_shipped(experiment: Experiment) -> bool:
    """Whether its file is one of the tool's own."""
    return shipped_folder().resolve() in experiment.source.resolve().parents


def find_experiment(name: str) -> Experiment:
    """A shipped experiment by its name, or one of the user's by its path.

    Raises:
        UsageError: there is none, or its file is broken.
    """
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        return load_file(path / "__init__.py" if path.is_dir() else path)
    known = shipped_files()
    if name.replace("_", "-") in known:
        return load_file(known[name.replace("_", "-")])
    all_others = "chaos list shows all; to name a file of your own: ./my_experiment.py"
    hint = " ".join(filter(None, [meant(name.replace("_", "-"), known), all_others]))
    raise UsageError(f"there is no experiment {name!r}", hint=hint)


def load_file(path: Path) -> Experiment:
    """The `experiment` that a file defines.

    Raises:
        UsageError: it cannot be read, raises, or defines none.
    """
    if not path.is_file():
        raise UsageError(
            f"there is no experiment file {path}", hint="chaos list shows the experiments that ship with it"
        )
    try:
        module = execute(path)
    except UsageError:
        raise
    except (Exception, SystemExit) as exc:
        raise mistake_in(path, exc) from exc
    experiment = getattr(module, "experiment", None)
    if not isinstance(experiment, Experiment):
        defined = f"{path} defines no `experiment = Experiment(…)`"
        if experiment is not None:
            defined = f"{path}: `experiment` is {experiment!r:.60}, and must be an Experiment(…)"
        raise UsageError(defined, hint="a whole one to begin with: chaos new experiment NAME")
    summary = (module.__doc__ or "").strip().split("\n")[0]
    return replace(experiment, source=path.resolve(), summary=experiment.summary or summary)
