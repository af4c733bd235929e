"""Whether the functions of an experiment can be what it uses them as; one that cannot is named with its line."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.experiment.mistakes import placed, shown, tree_of

_METHOD = "async def method(run: Run) -> None"
_CHECKER = "def it_holds(reading: Reading) -> Iterator[Finding]"

_YIELDED = re.compile(r"\byield(\s*$|\s*\(?\s*f?[\"'])")


def check_method(method: Callable[..., Any], path: Path) -> None:
    """A method is a coroutine of a run.

    Raises:
        UsageError: says what it is instead.
    """
    at = _at(method, path)
    if inspect.isasyncgenfunction(method):
        raise UsageError(f"{at}: method yields, and must be an `async def` without yield", hint=f"expected: {_METHOD}")
    if not inspect.iscoroutinefunction(method):
        raise UsageError(f"{at}: method must be an `async def`", hint=f"expected: {_METHOD}")
    if not _takes_one(method):
        given = f"method{inspect.signature(method)}".partition(" ->")[0]
        raise UsageError(f"{at}: method is {given}, and must take the run alone", hint=f"expected: {_METHOD}")


def check_checkers(checkers: Iterable[object], path: Path) -> None:
    """A checker of an experiment's own is a generator of a reading below ``@checker(…)``.

    Raises:
        UsageError: says what one is instead.
    """
    for one in checkers:
        if callable(one):
            _check_checker(one, path)


def check_readers(functions: Mapping[str, Callable[..., Any] | None], path: Path) -> None:
    """A headline and an answer are functions of a reading.

    Args:
        functions: by what they say; None: there is none.
        path: of the experiment.

    Raises:
        UsageError: one takes something else.
    """
    for what, function in functions.items():
        if function is not None and (not callable(function) or not _takes_one(function)):
            raise UsageError(
                f"{_at(function, path)}: what says {what} must be a function that takes the reading alone",
                hint="expected: def NAME(reading: Reading) -> …",
            )


def _check_checker(one: Callable[..., Any], path: Path) -> None:
    function = inspect.unwrap(one)
    name, at = getattr(function, "__name__", repr(one)), _at(function, path)
    hint = f'expected: @checker("report.md: Measured") above {_CHECKER}'
    if getattr(one, "__qualname__", "") == "checker.<locals>.made":
        raise UsageError(
            f"{_at(_below(one), path)}: a checker stands below @checker without brackets",
            hint='say where it can be seen: @checker("report.md: Measured")',
        )
    if function is one and inspect.isgeneratorfunction(one):
        raise UsageError(f"{at}: the checker {name} has no @checker(…) above it", hint=hint)
    if function is not one and not inspect.isgeneratorfunction(function):
        raise UsageError(
            f"{at}: the checker {name} yields nothing, and must yield what it finds",
            hint="expected: yield holds(…), yield against(…) or yield unsure(…)",
        )
    if said := _yielded_text(function):
        raise UsageError(
            f"{placed(Path(function.__code__.co_filename), said, path)}: the checker {name} yields what is no finding",
            hint="expected: yield holds(…), yield against(…) or yield unsure(…)",
        )
    if not _takes_one(function):
        given = f"{name}{inspect.signature(function)}".partition(" ->")[0]
        raise UsageError(f"{at}: the checker {given} must take the reading alone", hint=hint)


def _below(made: Callable[..., Any]) -> Callable[..., Any]:
    """The function below an ``@checker`` without brackets, which got the function as its first argument, evidence."""
    cells = (cell.cell_contents for cell in getattr(made, "__closure__", None) or ())
    return next((one[0] for one in cells if isinstance(one, tuple) and one and callable(one[0])), made)


def _yielded_text(function: Callable[..., Any]) -> int:
    """The line at which a checker yields a text, or nothing, instead of a finding; 0 where it does not."""
    code = function.__code__
    file, first = Path(code.co_filename), code.co_firstlineno
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return 0
    last = max(line for *_, line in code.co_lines() if line)
    if not any(_YIELDED.search(line) for line in lines[first - 1 : last]):  # a file takes milliseconds to be parsed
        return 0
    tree = tree_of(file)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Yield) and first <= node.lineno <= last and _is_text(node.value):
            return node.lineno
    return 0


def _is_text(said: ast.expr | None) -> bool:
    return isinstance(said, ast.Constant | ast.JoinedStr | None)


def _takes_one(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # a built-in whose signature Python does not know
        return True
    return True


def _at(function: Callable[..., Any], path: Path) -> str:
    """``FILE, line N`` of its definition."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return str(path) if code is None else f"{shown(Path(code.co_filename), path)}, line {code.co_firstlineno}"
