"""Finds experiments: those that ship with the tool, and files of the user's."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from zlib import crc32

import chaos
from chaos.errors import UsageError
from chaos.experiment.course import CourseQuestion
from chaos.experiment.definition import Experiment
from chaos.nearest import nearest

_NO_EXPERIMENTS = ("shared", "manifests")


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
    return [load_file(path) for path in _shipped_files()]


def course_questions() -> tuple[CourseQuestion, ...]:
    """The questions that are asked of the shipped experiments together; none where they belong to no course."""
    return tuple(getattr(_package(shipped_folder()), "QUESTIONS", ()))


def _shipped_files() -> list[Path]:
    """Of a folder its ``__init__.py``."""
    named = {path.stem: path for path in shipped_folder().glob("*.py")}
    named |= {path.parent.name: path for path in shipped_folder().glob("*/__init__.py")}
    return [named[name] for name in sorted(named) if not name.startswith("_") and name not in _NO_EXPERIMENTS]


def _name_of(path: Path) -> str:
    """As `chaos list` has it, without loading the file."""
    return (path.parent.name if path.name == "__init__.py" else path.stem).replace("_", "-")


def find_experiment(name: str) -> Experiment:
    """A shipped experiment by its name, or one of the user's by its path.

    Raises:
        UsageError: there is none, or its file is broken.
    """
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        return load_file(path / "__init__.py" if path.is_dir() else path)
    wanted = name.replace("-", "_")
    for path in (shipped_folder() / f"{wanted}.py", shipped_folder() / wanted / "__init__.py"):
        if path.is_file() and wanted.isidentifier() and wanted not in _NO_EXPERIMENTS:
            return load_file(path)
    likest = nearest(wanted.replace("_", "-"), map(_name_of, _shipped_files()))
    meant = f"did you mean {' or '.join(likest)}? " if likest else ""
    raise UsageError(
        f"there is no experiment {name!r}",
        hint=f"{meant}chaos list shows all; to name a file of your own: ./my_experiment.py",
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
    """Import a file anew; where its folder is a package as a member of that, so that it finds its siblings."""
    try:
        if path.name == "__init__.py":
            return _import(path, f"{_parent(path.parent)}{path.parent.name}", [str(path.parent.resolve())])
        return _import(path, f"{_parent(path)}{path.stem}")
    except (Exception, SystemExit) as exc:
        line = line_of(path, exc)
        raise UsageError(
            f"{path}{line} raises {type(exc).__name__}: {exc}", hint="mend the file, then: chaos show " + str(path)
        ) from exc


def _parent(path: Path) -> str:
    """The package that a file, or a folder, is a member of, with a dot behind; else what makes a name of its own."""
    folder = path.resolve().parent
    return f"{_package(folder).__name__}." if (folder / "__init__.py").is_file() else "chaos_experiment_"


def _package(folder: Path) -> ModuleType:
    """A folder as a package. Its name tells it from others, and from whatever else is called experiments."""
    folder = folder.resolve()
    name = f"chaos_experiments_{crc32(str(folder).encode()):08x}"
    known = sys.modules.get(name)
    return known or _import(folder / "__init__.py", name, [str(folder)])


def _import(path: Path, name: str, folders: list[str] | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, typing and relative imports look modules up by name
    spec.loader.exec_module(module)
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
