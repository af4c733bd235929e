"""What is wrong with a file of the user's own: which file, which line, and what was expected there."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import chaos
from chaos.errors import UsageError

_FACADE = "chaos.experiment"
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
    found = (path, 0)
    folder = path.resolve().parent
    traceback = exc.__traceback__
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if _is_of(file, folder):
            found = (file, traceback.tb_lineno)
        traceback = traceback.tb_next
    file, number = found
    number = _line_of_argument(file, exc) or number
    return shown(file, path) + (f", line {number}" if number else "")


def shown(file: Path, path: Path) -> str:
    """A file as the user names the experiment's."""
    if file.resolve() == path.resolve():
        return str(path)
    return str(path.parent / file.resolve().relative_to(path.resolve().parent)) if _is_of(file, path) else str(file)


def line_of_field(path: Path, field: str, of: str = "Experiment") -> int:
    """The line of ``field=…`` in a file's call of a class, such as ``Experiment(…)``; 0 where there is none."""
    for call in _calls(path):
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == of:
            for keyword in call.keywords:
                if keyword.arg == field:
                    return keyword.value.lineno
    return 0


def at_field(path: Path, field: str) -> str:
    """``FILE, line N`` of a field of its experiment."""
    line = line_of_field(path, field)
    return f"{path}, line {line}" if line else str(path)


def did_you_mean(wrong: object, known: Iterable[str]) -> str:
    """The nearest name, as a question; empty where none is near."""
    near = get_close_matches(str(wrong), list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def _then(path: Path) -> str:
    return f"mend the file, then: chaos show {path}"


def _is_of(file: Path, folder: Path) -> bool:
    """Whether a file is the user's, and not of what he installed inside his folder, such as a .venv."""
    folder = folder if folder.is_dir() else folder.parent
    file = file.resolve()
    inside = file.is_relative_to(folder.resolve()) and "site-packages" not in file.parts
    return inside and not (file.is_relative_to(_ITSELF) and file.relative_to(_ITSELF).parts[0][0] != "_")


def expectation(path: Path, exc: BaseException) -> str:
    """What would have been right where an exception was raised; empty where that is not known."""
    for kind, tell in _TOLD_BY:
        if isinstance(exc, kind):
            return tell(path, exc)
    return ""


def _of_a_module(path: Path, exc: ModuleNotFoundError) -> str:
    beside = [file.stem for file in path.parent.glob("*.py") if file != path]
    missing = str(exc.name).rpartition(".")[2]
    return did_you_mean(missing, beside) or f"it is neither installed nor a file {missing}.py beside {path.name}"


def _of_an_import(_path: Path, exc: ImportError) -> str:
    name = re.search(r"cannot import name '(\w+)'", str(exc))
    return _nearest_of(name[1], exc.name) if name else ""


def _of_a_name(_path: Path, exc: NameError) -> str:
    for module in (_FACADE, "collections.abc"):
        if exc.name in _names_of(module):
            return f"is it missing: from {module} import {exc.name}?"
    return did_you_mean(exc.name, _names_of(_FACADE))


def _of_an_attribute(_path: Path, exc: AttributeError) -> str:
    return did_you_mean(exc.name, (name for name in dir(exc.obj) if not name.startswith("_")))


def _nearest_of(name: str, module: str | None) -> str:
    near = did_you_mean(name, _names_of(module or ""))
    if module == _FACADE and not near:
        return f"all that {_FACADE} has is in CONTRIBUTING.md and docs/reference"
    return near


def _names_of(module: str) -> list[str]:
    loaded = sys.modules.get(module)
    return [name for name in dir(loaded) if not name.startswith("_")]


def _of_arguments(_path: Path, exc: TypeError) -> str:
    """The fields of the class that was called with others."""
    called = re.match(r"(\w+)\.__init__\(\) (.*)", str(exc))
    if called is None:
        return ""
    kind = getattr(sys.modules[_FACADE], called[1], None) or _global_of(exc, called[1])
    if not is_dataclass(kind):
        return ""
    known = [one.name for one in fields(kind) if one.init]
    wrong = _argument_of(exc)
    near = did_you_mean(wrong, known) if wrong else ""
    return f"{near} {called[1]} has: {', '.join(known)}".strip()


def _global_of(exc: BaseException, name: str) -> object:
    """What a name stood for where an exception came through; None where it stood for nothing."""
    traceback = exc.__traceback__
    while traceback is not None:
        if name in traceback.tb_frame.f_globals:
            return traceback.tb_frame.f_globals[name]
        traceback = traceback.tb_next
    return None


# The first that fits; a module that is not found is an import error too.
_TOLD_BY: tuple[tuple[type[BaseException], Callable[[Path, Any], str]], ...] = (
    (ModuleNotFoundError, _of_a_module),
    (ImportError, _of_an_import),
    (NameError, _of_a_name),
    (AttributeError, _of_an_attribute),
    (TypeError, _of_arguments),
)


def _argument_of(exc: BaseException) -> str:
    found = re.search(r"unexpected keyword argument '(\w+)'", str(exc))
    return found[1] if found and isinstance(exc, TypeError) else ""


def _line_of_argument(path: Path, exc: BaseException) -> int:
    """Of a call over several lines Python tells the first one only."""
    wrong, called = _argument_of(exc), re.match(r"(\w+)\.__init__", str(exc))
    return line_of_field(path, wrong, called[1]) if wrong and called else 0


def _calls(path: Path) -> Iterator[ast.Call]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))
