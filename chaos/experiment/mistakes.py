"""What is wrong with a file of the user's own: which file, which line, and what was expected there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import chaos
from chaos.errors import UsageError
from chaos.experiment.expected import argument_of, expectation

_ITSELF = Path(chaos.__file__).resolve().parent


def mistake_in(path: Path, exc: BaseException) -> UsageError:
    """The error of the user for what executing a file raised."""
    if isinstance(exc, SyntaxError):
        text = f": {exc.text.strip()}" if exc.text else ""
        file = Path(exc.filename) if exc.filename else path
        where = f"{shown(file, path)}, line {exc.lineno}" if exc.lineno else str(path)
        return UsageError(f"{where} raises {type(exc).__name__}: {exc.msg}{text}", hint=_then(path))
    return UsageError(
        f"{place_of(path, exc)} raises {type(exc).__name__}: {exc}",
        hint="\n  ".join(filter(None, (expectation(path, exc), _then(path)))),
    )


def place_of(path: Path, exc: BaseException) -> str:
    """``FILE, line N`` of the innermost line of the user's that an exception came through; without one the file.

    Args:
        path: of the experiment; what lies in its folder is the user's too.
        exc: that was raised.
    """
    frames = []
    traceback = exc.__traceback__
    while traceback is not None:
        frames.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    file, number = innermost(path, frames) or (path, 0)
    return placed(file, _line_of_argument(file, exc) or number, path)


def innermost(path: Path, frames: Iterable[tuple[str, int]]) -> tuple[Path, int] | None:
    """File and line of the last of some frames that is the user's; None where none is.

    Args:
        path: of the experiment; what lies in its folder is the user's too.
        frames: file name and line of each, the outermost first.
    """
    folder = path.resolve().parent
    mine = [(Path(name), line) for name, line in frames if not name.startswith("<") and _is_of(Path(name), folder)]
    return mine[-1] if mine else None


def placed(file: Path, line: int, path: Path) -> str:
    """``FILE, line N``; the file alone where the line is not known."""
    return shown(file, path) + (f", line {line}" if line else "")


def shown(file: Path, path: Path) -> str:
    """A file as the user names the experiment's."""
    if file.resolve() == path.resolve():
        return str(path)
    return str(path.parent / file.resolve().relative_to(path.resolve().parent)) if _is_of(file, path) else str(file)


def line_of_field(path: Path, field: str, of: str = "Experiment") -> int:
    """The line of ``field=…`` in a file's call of a class, such as ``Experiment(…)``; 0 where there is none."""
    for call in _calls(path):
        if called(call) == of:
            for keyword in call.keywords:
                if keyword.arg == field:
                    return keyword.value.lineno
    return 0


def at_field(path: Path, field: str) -> str:
    """``FILE, line N`` of a field of its experiment."""
    return placed(path, line_of_field(path, field), path)


def at_option(path: Path, name: object) -> str:
    """``FILE, line N`` of ``Option("NAME", …)``, in an experiment's file or beside it; else of its options."""
    for file in (path, *sorted(path.parent.glob("*.py"))):
        for call in _calls(file):
            first = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "name")]
            if called(call) == "Option" and any(isinstance(one, ast.Constant) and one.value == name for one in first):
                return placed(file, call.lineno, path)
    return at_field(path, "options")


def own_of(path: Path, name: str, what: str) -> str:
    """The variable or function of a file that is meant by a text, such as an option's name; empty where there is none.

    Args:
        path: of the experiment.
        name: as reports have it, with dashes.
        what: ``checker``: a function; ``option`` and ``question``: what was assigned an Option or Question of it.
    """
    tree = tree_of(path)
    for node in tree.body if tree else ():
        if what == "checker" and isinstance(node, ast.FunctionDef) and node.name == name.replace("-", "_"):
            return node.name
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            first = node.value.args[0] if node.value.args else None
            if called(node.value).lower() == what and isinstance(first, ast.Constant) and first.value == name:
                return node.targets[0].id
    return ""


def called(call: ast.Call) -> str:
    """The last part of what is called."""
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def tree_of(path: Path) -> ast.Module | None:
    """What a file says; None where it cannot be read."""
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None


@lru_cache(maxsize=8)
def _parsed(text: str) -> ast.Module:
    """Several look at the same files."""
    return ast.parse(text)


def _then(path: Path) -> str:
    return f"mend the file, then: chaos show {path}"


def _is_of(file: Path, folder: Path) -> bool:
    """Whether a file is the user's, and not of what he installed inside his folder, such as a .venv."""
    folder = folder if folder.is_dir() else folder.parent
    file = file.resolve()
    inside = file.is_relative_to(folder.resolve()) and "site-packages" not in file.parts
    return inside and not (file.is_relative_to(_ITSELF) and file.relative_to(_ITSELF).parts[0][0] != "_")


def _line_of_argument(path: Path, exc: BaseException) -> int:
    """Of a call over several lines Python tells the first one only."""
    wrong, called_is = argument_of(exc), re.match(r"(\w+)\.__init__", str(exc))
    return line_of_field(path, wrong, called_is[1]) if wrong and called_is else 0


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = tree_of(path)
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree else ()
