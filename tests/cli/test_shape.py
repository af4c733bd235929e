"""A command is read in a minute: short functions, short files, each where its name says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import chaos.cli

FOLDER = Path(chaos.cli.__file__).parent
LONGEST_FUNCTION, LONGEST_FILE = 60, 250


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each with its number of lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield f"{path.name}:{node.name}", node.end_lineno - node.lineno + 1


def test_no_function_and_no_file_of_the_command_line_is_long() -> None:
    paths = sorted(FOLDER.rglob("*.py"))
    assert len(paths) > 20
    assert {name: n for path in paths for name, n in functions(path) if n > LONGEST_FUNCTION} == {}
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}
