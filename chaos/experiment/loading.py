"""Finds experiments: those that ship with the tool, and files of the user's."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import chaos
from chaos.errors import UsageError
from chaos.experiment.definition import Experiment


def shipped_folder() -> Path:
    """Where the tool's own experiments lie: inside the package in a wheel, beside it in a checkout."""
    package = Path(chaos.__file__).parent
    installed = package / "_experiments"
    return installed if installed.is_dir() else package.parent / "experiments"


def load_experiments() -> list[Experiment]:
    """The shipped experiments, by name.

    Raises:
        UsageError: one of them is broken.
    """
    paths = sorted(p for p in shipped_folder().glob("*.py") if not p.name.startswith("_"))
    return [load_file(path) for path in paths]


def find_experiment(name: str) -> Experiment:
    """A shipped experiment by its name, or one of the user's by its path.

    Raises:
        UsageError: there is none, or its file is broken.
    """
    if name.endswith(".py") or "/" in name:
        return load_file(Path(name))
    path = shipped_folder() / f"{name.replace('-', '_')}.py"
    if path.is_file():
        return load_file(path)
    known = ", ".join(e.name for e in load_experiments())
    raise UsageError(
        f"there is no experiment {name!r}", hint=f"known: {known}; or name a file: chaos run ./my_experiment.py"
    )


def load_file(path: Path) -> Experiment:
    """The `experiment` that a file defines.

    Raises:
        UsageError: it cannot be read, raises, or defines none.
    """
    if not path.is_file():
        raise UsageError(
            f"there is no experiment file {path}", hint="chaos list shows the experiments that ship with it"
        )
    module = _execute(path)
    experiment = getattr(module, "experiment", None)
    if not isinstance(experiment, Experiment):
        raise UsageError(
            f"{path} defines no `experiment = Experiment(…)`", hint="see CONTRIBUTING.md, An experiment of your own"
        )
    summary = (module.__doc__ or "").strip().split("\n")[0]
    return replace(experiment, source=path.resolve(), summary=experiment.summary or summary)


def _execute(path: Path) -> ModuleType:
    name = f"chaos_experiment_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and typing look modules up by name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as exc:
        line = line_of(path, exc)
        raise UsageError(
            f"{path}{line} raises {type(exc).__name__}: {exc}", hint="mend the file, then: chaos show " + str(path)
        ) from exc
    return module


def line_of(path: Path, exc: BaseException) -> str:
    """`, line N`, of the innermost frame in that file."""
    if isinstance(exc, SyntaxError):
        return f", line {exc.lineno}"
    number = 0
    traceback = exc.__traceback__
    while traceback is not None:
        if Path(traceback.tb_frame.f_code.co_filename) == path:
            number = traceback.tb_lineno
        traceback = traceback.tb_next
    return f", line {number}" if number else ""
