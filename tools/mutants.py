"""Flips the conditions of the checkers one by one (Cosmic Ray) and lists which flips no test noticed.

python tools/mutants.py [--go-on | --write | --list] [PATH …]

Each mutant is put into a copy of the repository and tested by the test files that `tools/mutants.toml` names for its
module, in a fork of a process that has imported everything else already: a mutant costs little more than its tests.
Survivors must be listed there too, each with its reason; docs/mutants.md is written from both. Exit code 1: there is a
survivor without a reason, or a reason without a survivor.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code, use_mutation

sys.path.insert(0, str(Path(__file__).parent.parent))

from tools.flips import FLIPS
from tools.mutants_page import CONFIG, DOCUMENT, ROOT, document, modules

RESULTS = ROOT / "build" / "mutants.json"
_NO_COPY = ("reports/", "docs/", "benchmarks/")
_QUIET = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning")
# Of CPU, not of a clock: the machine may be busy. A mutant that needs more than these times the tests' own hangs.
_TIMES, _AT_LEAST_S = 5, 20
_NO_TEST = 70


@dataclass(frozen=True, slots=True)
class Mutant:
    """One flip. `before` and `after` are the line, without indentation."""

    module: str
    operator: str
    occurrence: int
    line: int
    before: str
    after: str


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="*", help="modules to mutate, by a part of their path; without: all")
    parser.add_argument("--go-on", action="store_true", help="believe kills of modules that have not changed since")
    parser.add_argument("--list", action="store_true", help="count mutants, run nothing")
    parser.add_argument("--write", action="store_true", help="write the document from what is known, run nothing")
    options = parser.parse_args()
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy(Path(folder, "copy"))
        os.environ["CHAOS_TEST_HISTORIES"] = folder
        took_s: dict[str, float] = {}
        for target in () if options.write else config["target"]:
            for module in modules(target, options.paths):
                source = (ROOT / module).read_text(encoding="utf-8")
                found = list(_mutants(module, source, config["operators"], whole=module.startswith("chaos/")))
                if options.list:
                    print(f"{module}: {len(found)}")
                    continue
                old = _known().get(module, {})
                killed = set(old["killed"]) if options.go_on and old.get("source") == source else set()
                survivors = _in_a_process(copy, target, module, found, killed, took_s)
                gone = [_key(m) for m in found if m not in survivors]
                alive = [[m.line, m.before, m.after] for m in survivors]
                result = {"source": source, "mutants": len(found), "killed": gone, "survivors": alive}
                RESULTS.parent.mkdir(exist_ok=True)
                text = json.dumps(_known() | {module: result}, indent=1, ensure_ascii=False)
                RESULTS.write_text(text, encoding="utf-8")
    if options.list:
        return 0
    known = _known()
    DOCUMENT.write_text(document(config, DOCUMENT.read_text(encoding="utf-8"), known), encoding="utf-8")
    return _unlike(config, known)


def _known() -> dict[str, Any]:
    """What was found so far, by module; another process may have added to it."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    return found


def _copy(folder: Path) -> Path:
    """The files that are tested, where they may be mutated; compiled so that a change is seen by its content."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and not name.startswith(_NO_COPY):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name)
    compiler = [
        sys.executable,
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "checked-hash",
        "chaos",
        "kubesim",
        "experiments",
    ]
    subprocess.run(compiler, cwd=folder, check=True)
    return folder


def _mutants(module: str, source: str, operators: list[str], *, whole: bool) -> Iterator[Mutant]:
    """The flips of conditions in a module's functions; of an experiment only in what its checkers use."""
    cosmic_ray.plugins.OPERATOR_PROVIDERS["chaos"] = FLIPS
    lines = _lines(ast.parse(source), whole=whole)
    tree = get_ast(source)
    for name in cosmic_ray.plugins.operator_names():
        if not any(re.fullmatch(pattern, name) for pattern in operators):
            continue
        operator = cosmic_ray.plugins.get_operator(name)()
        places = [place for node in ast_nodes(tree) for place in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(places):
            if start[0] in lines:
                mutated = mutate_code(source, operator, occurrence)
                before, after = _changed(source, mutated)
                yield Mutant(module, name, occurrence, start[0], before, after)


def _changed(source: str, mutated: str) -> tuple[str, str]:
    pairs = zip(source.splitlines(), mutated.splitlines(), strict=True)
    before, after = next((a, b) for a, b in pairs if a != b)
    return before.strip(), " ".join(after.split())


def _lines(tree: ast.Module, *, whole: bool) -> set[int]:
    """The lines of functions: of all, or of those marked `@checker` and what they use of the module."""
    nodes: dict[str, ast.AST] = {
        n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    wanted = [name for name, node in nodes.items() if whole or _is_checker(node)]
    for name in wanted:  # grows
        used = {n.id for n in ast.walk(nodes[name]) if isinstance(n, ast.Name)}
        wanted += [one for one in nodes if one in used and one not in wanted]
    functions = (
        inner
        for name in wanted
        for inner in ast.walk(nodes[name])
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {line for f in functions for line in range(f.lineno, (f.end_lineno or f.lineno) + 1)}


def _is_checker(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(d, ast.Call) and getattr(d.func, "id", "") == "checker" for d in decorators)


def _key(mutant: Mutant) -> str:
    return f"{mutant.operator} {mutant.occurrence}"


def _in_a_process(
    copy: Path,
    target: dict[str, Any],
    module: str,
    mutants: list[Mutant],
    killed: set[str],
    took_s: dict[str, float],
) -> list[Mutant]:
    """The mutants that no test noticed. Nothing that is imported for it stays in this process.

    `took_s` keeps what CPU the tests take without a mutant, by their names.
    """
    tests = [test.format(experiment=Path(module.removesuffix("/__init__.py")).stem) for test in target["tests"]]
    if all(_key(mutant) in killed for mutant in mutants):
        return []
    reads, writes = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            _preload(copy, target, module)
            baseline_s = took_s.get(" ".join(tests)) or _baseline_s(tests)
            survivors = _survivors(copy / module, tests, baseline_s, [m for m in mutants if _key(m) not in killed])
            os.write(writes, json.dumps([baseline_s, [mutants.index(m) for m in survivors]]).encode())
            os._exit(0)
        except BaseException as exc:  # noqa: BLE001 - the fork must not go on with what is its parent's
            print(f"{module}: {exc!r}", file=sys.stderr, flush=True)
            os._exit(1)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        said = pipe.read()
    if os.waitpid(pid, 0)[1]:
        raise SystemExit(f"{module} was not tested")
    took_s[" ".join(tests)], positions = json.loads(said)
    return [mutants[position] for position in positions]


def _preload(copy: Path, target: dict[str, Any], module: str) -> None:
    """What the tests import, but for the module."""
    os.chdir(copy)
    sys.path[:] = [str(copy), *(path for path in sys.path if path != str(ROOT))]
    for name in [n for n in sys.modules if n.split(".")[0] in ("tests", "chaos", "kubesim", "experiments")]:
        del sys.modules[name]
    for name in target.get("preload", ()):
        importlib.import_module(name)
    name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if name in sys.modules:
        raise RuntimeError(f"{name} is imported by what the target preloads")


def _baseline_s(tests: list[str]) -> float:
    code, took_s = _tested(tests, 600)
    if code:
        raise RuntimeError(f"the tests {tests} fail without a mutant")
    return took_s


def _survivors(path: Path, tests: list[str], baseline_s: float, mutants: list[Mutant]) -> list[Mutant]:
    sys.dont_write_bytecode = True
    limit_s = max(_AT_LEAST_S, round(_TIMES * baseline_s))
    survivors = []
    for number, mutant in enumerate(mutants, 1):
        operator = cosmic_ray.plugins.get_operator(mutant.operator)()
        with use_mutation(path, operator, mutant.occurrence):
            code, took_s = _tested(tests, limit_s)
        if code == 0:
            survivors.append(mutant)
        said = "SURVIVED" if code == 0 else "killed"
        print(f"{number}/{len(mutants)} {said} {took_s:.1f} s {mutant.module}:{mutant.line} {mutant.after}", flush=True)
    _baseline_s(tests)  # else something else than a mutant was noticed
    return survivors


def _tested(tests: list[str], limit_s: int) -> tuple[int, float]:
    """What pytest says in a fork, and what CPU it took, in seconds. Over the limit it is ended, which is no 0."""
    if (pid := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
        silence = os.open(os.devnull, os.O_WRONLY)
        if not os.environ.get("MUTANTS_VERBOSE"):
            os.dup2(silence, 1)
            os.dup2(silence, 2)
        signal.alarm(30 * limit_s)  # one that waits instead of computing
        code = _NO_TEST
        try:
            code = int(pytest.main([*_QUIET, *tests]))
        finally:
            os._exit(code)
    _, status, usage = os.wait4(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _NO_TEST:
        raise RuntimeError("pytest could not be run")
    return status, usage.ru_utime + usage.ru_stime


def _unlike(config: dict[str, Any], known: dict[str, Any]) -> int:
    """Names survivors without a reason and reasons without a survivor."""
    alive = {(module, before, after) for module, found in known.items() for _, before, after in found["survivors"]}
    told = {(one["module"], one["before"], one["after"]) for one in config.get("survivor", ())}
    for module, before, after in sorted(alive - told):
        print(f"no reason is given: {module}\n    {before}\n    {after}")
    stale = sorted(one for one in told - alive if one[0] in known)
    for module, before, after in stale:
        print(f"it does not survive (any more): {module}\n    {before}\n    {after}")
    return 1 if alive - told or stale else 0


if __name__ == "__main__":
    sys.exit(main())
