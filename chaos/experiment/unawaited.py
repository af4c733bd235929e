"""Calls that do nothing, since nobody awaits them: Python runs past them, and tells it only when all is over."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from chaos.cluster.changes import Changes
from chaos.errors import UsageError
from chaos.experiment.mistakes import placed, tree_of
from chaos.experiment.run import ClusterDns, Objects, Run

# How methods and faults call what they are given.
_GIVEN: dict[str, type] = {"run": Run, "run.objects": Objects, "run.cluster_dns": ClusterDns, "changes": Changes}

_CALL = re.compile(r"^[ \t]*((?:run|changes|asyncio)(?:\.\w+)+)\(", re.MULTILINE)
_IMPORT = re.compile(r"^(?:from \.?(\w*) )?import ([\w, ]+)", re.MULTILINE)


def check_awaits(path: Path) -> None:
    """Refuse an experiment in whose file, or in one that it imports from beside it, such a call stands.

    Raises:
        UsageError: names the first, with its line.
    """
    for file in (path, *_beside(path)):
        for call in _alone(file):
            said = ast.unparse(call.func)
            if said == "run.inject":
                raise UsageError(
                    f"{placed(file, call.lineno, path)}: run.inject(…) alone injects nothing",
                    hint="expected: async with run.inject(…):",
                )
            if _is_awaited(said):
                raise UsageError(
                    f"{placed(file, call.lineno, path)}: {said}(…) does nothing, since it is not awaited",
                    hint=f"expected: await {said}(…), in an `async def`",
                )


def _beside(path: Path) -> Iterator[Path]:
    """Files of the same folder that it imports, with the dot or without."""
    named = dict.fromkeys(
        name for found in _IMPORT.findall(_text(path)) for name in re.findall(r"\w+", " ".join(found))
    )
    yield from (file for name in named if (file := path.parent / f"{name}.py").is_file() and file != path)


def _alone(file: Path) -> Iterator[ast.Call]:
    """Calls that are a statement by themselves, where an awaited one may be among them: parsing takes milliseconds."""
    if not any(said == "run.inject" or _is_awaited(said) for said in _CALL.findall(_text(file))):
        return
    tree = tree_of(file)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node.value


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _is_awaited(said: str) -> bool:
    """Whether a call gives a coroutine."""
    owner, _, name = said.rpartition(".")
    return said == "asyncio.sleep" or inspect.iscoroutinefunction(getattr(_GIVEN.get(owner), name, None))
