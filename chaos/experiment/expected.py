"""What would have been right where a file of the user's own raised an exception."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

from chaos.cluster.client import API_VERSIONS, Cluster
from chaos.options.run import Options

_FACADE = "chaos.experiment"
_INJECT, _COROUTINE = "_AsyncGeneratorContextManager", "'coroutine'"
_AWAIT = "is an `await` missing before the call? docs/reference/run.md says where one belongs"
_NOT_AWAITABLE = re.compile(r"object (\w+) can't be used in 'await' expression")
_NOT_ASYNC_FOR = re.compile(r"'async for' requires an object with __aiter__ method, got (\w+)")

# Methods whose errors are explained when they come from a wrong argument: recognised by where they were raised.
_RAISING: tuple[FunctionType, ...] = (cast("FunctionType", Options.of), cast("FunctionType", Cluster.resource))


def did_you_mean(wrong: object, known: Iterable[str]) -> str:
    """The nearest name, as a question; empty where none is near."""
    near = get_close_matches(str(wrong), list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def expectation(path: Path, exc: BaseException) -> str:
    """What would have been right where an exception was raised; empty where that is not known."""
    for kind, tell in _TOLD_BY:
        if isinstance(exc, kind):
            return tell(path, exc)
    return ""


def argument_of(exc: BaseException) -> str:
    """The argument that a call named and that there is not; empty where it is not about that."""
    found = re.search(r"unexpected keyword argument '(\w+)'", str(exc))
    return found[1] if found and isinstance(exc, TypeError) else ""


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
    if _COROUTINE in str(exc):
        return _AWAIT
    if isinstance(exc.obj, str) and _raised_by(exc) is Options.of:
        return "run.options.of takes the Option, not its name"
    if type(exc.obj).__module__ == "builtins" and not isinstance(exc.obj, type | ModuleType):
        return ""  # the value has another type than its author thought, so a similar name of that type would mislead
    near = did_you_mean(exc.name, (name for name in dir(exc.obj) if not name.startswith("_")))
    if isinstance(exc.obj, Options):
        return f"{near} an option of your own: run.options.of(OPTION)".strip()
    return near


def _raised_by(exc: BaseException) -> object:
    """Which of `_RAISING` raised it itself; None where another did."""
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code if traceback else None
    return next((known for known in _RAISING if known.__code__ is code), None)


def _of_a_key(_path: Path, exc: KeyError) -> str:
    """A KeyError of `Cluster.resource`: the kind that `changes` or `run.objects` got is unknown."""
    if _raised_by(exc) is not Cluster.resource:
        return ""
    kinds = sorted(API_VERSIONS)
    return f"{did_you_mean(exc.args[0], kinds)} kinds of objects: {', '.join(kinds)}".strip()


def _nearest_of(name: str, module: str | None) -> str:
    near = did_you_mean(name, _names_of(module or ""))
    if module == _FACADE and not near:
        return f"all that {_FACADE} has is in CONTRIBUTING.md and docs/reference"
    return near


def _names_of(module: str) -> list[str]:
    loaded = sys.modules.get(module)
    return [name for name in dir(loaded) if not name.startswith("_")]


def _of_a_type(path: Path, exc: TypeError) -> str:
    text = str(exc)
    if _INJECT in text:
        return "expected: async with run.inject(…):"
    if _COROUTINE in text:
        return _AWAIT
    if found := _NOT_AWAITABLE.search(text):
        return f"a {found[1]} is not awaited: docs/reference/run.md says `await` where it belongs"
    if found := _NOT_ASYNC_FOR.search(text):
        return f"a {found[1]} is gone through by `for … in`, without async"
    return _of_arguments(path, exc)


def _of_arguments(_path: Path, exc: TypeError) -> str:
    """The fields of the class that was called with others."""
    called = re.match(r"(\w+)\.__init__\(\) (.*)", str(exc))
    if called is None:
        return ""
    kind = getattr(sys.modules[_FACADE], called[1], None) or _global_of(exc, called[1])
    if not is_dataclass(kind):
        return ""
    known = [one.name for one in fields(kind) if one.init and one.name != "at_ns"]  # which notes are given later
    wrong = argument_of(exc)
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
    (KeyError, _of_a_key),
    (TypeError, _of_a_type),
)
