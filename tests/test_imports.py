"""Who starts the tool waits only for what he asked for, and no import hides in a function to bring that about."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from chaos.plugins import load

ROOT = Path(__file__).parent.parent
# Imports in functions that lint exempts: so many there may be.
MOST_LATE = 5
_LATE = re.compile(r"#\s*noqa:[^#\n]*\bPLC0415\b")
_NAMED = re.compile(r"[a-z]\w*(\.\w+)+:[A-Za-z_]\w*")

_SLOW = ("aiohttp", "asyncio", "chaos.experiment", "numpy", "pandas", "pydantic", "rich", "yaml")

# What is imported → what must not be for that.
_LIGHT = {
    "chaos.experiment": (
        "aiohttp",
        "aiomysql",
        "jinja2",
        "kubernetes.aio",
        "numpy",
        "opentelemetry",
        "pandas",
        "prometheus_client",
        "redis",
    ),
    "chaos.metrics": ("jinja2", "opentelemetry.sdk.metrics", "pandas", "prometheus_client", "requests"),
    "kubesim.cluster": ("aiomysql", "mysql_mimic", "redis", "sqlglot", "yaml", "kubesim.images.redis.server"),
    "kubesim.pytest_plugin": ("aiohttp", "dns", "kubesim.cluster", "yaml"),
    "chaos.agents.pod.attach": ("asyncio", "dns"),
    "chaos.report": ("jinja2", "numpy", "pandas"),
    "chaos.cli.main": ("chaos.options", "chaos.experiment", "rich", "yaml", "asyncio"),
    "chaos.cli.listing": ("chaos.experiment", "rich", "yaml", "asyncio"),
    "chaos.cli.commands.run": ("chaos.experiment", "rich", "yaml", "asyncio"),
    "chaos.cli.diagnose": ("aiohttp", "kubernetes.aio", "numpy", "pandas", "chaos.probes", "kubernetes_validate"),
    "chaos.cli.terminal": ("jinja2", "kubernetes.aio", "numpy", "pandas"),
}


@pytest.mark.parametrize("name", _LIGHT)
def test_what_it_does_not_need_is_not_imported(name: str) -> None:
    """In a process of its own: this one has everything."""
    program = f"import sys, {name}\nprint(*sorted(set({_LIGHT[name]!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


@pytest.mark.parametrize("line", ["--help", "run --help", "list", "runs --last 1", "version", "check TAB", "run --TAB"])
def test_what_is_quick_imports_nothing_slow(line: str) -> None:
    """`benchmarks/startup.py` has what that saves: pydantic alone takes longer than all else of `chaos list`."""
    words, variables = line.split(), {}
    if line.endswith("TAB"):
        typed = f"chaos {line.removesuffix('TAB')}"
        words, variables = [], {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        variables["_CHAOS_COMPLETE"] = "complete_bash"
    program = (
        "import atexit, sys; from chaos.cli.main import main; sys.argv = ['chaos', *sys.argv[1:]]\n"
        f"atexit.register(lambda: print(*sorted(set({_SLOW!r}) & sys.modules.keys()), file=sys.stderr)); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, **variables},
    )
    assert done.stdout != ""
    assert done.stderr.split() == []


def test_hardly_any_import_stands_in_a_function() -> None:
    late = [f"{path.relative_to(ROOT)}: {line.strip()}" for path, line in _lines() if _LATE.search(line)]
    assert len(late) <= MOST_LATE, "\n".join(late)
    unexplained = [one for one in late if not re.search(r"PLC0415 - \w", one)]
    assert unexplained == []


def _lines() -> Iterator[tuple[Path, str]]:
    for folder in ("chaos", "experiments", "tests", "tools", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line in path.read_text(encoding="utf-8").splitlines():
                yield path, line


@cache
def _names() -> list[str]:
    """The texts in the program that name a part of a module."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in (*(ROOT / "chaos").rglob("*.py"), *(ROOT / "kubesim").rglob("*.py"))
    ]
    trees = [ast.parse(text) for text in texts if _NAMED.search(text)]  # to parse all takes a second, of each worker
    constants = (n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return sorted({value for value in constants if isinstance(value, str) and _NAMED.fullmatch(value)})


@pytest.mark.parametrize("name", _names())
def test_each_part_that_a_table_names_is_there(name: str) -> None:
    """No type checker and no linter follows such a name."""
    assert callable(load(name))


def test_the_tables_are_found() -> None:
    """Else the test above would say nothing."""
    named = {"chaos.metrics.otlp:send", "kubesim.images.redis.start:start", "chaos.clients.mysql:MysqlSession"}
    assert named <= set(_names())
