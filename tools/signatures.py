"""Calls and fields as a reference shows them: a line each, with types, defaults and meanings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any

from tools.docstrings import arguments, attributes


def call(name: str, function: Any, *, bound: bool = False) -> str:
    """``await name(argument: type = default) -> type``.

    Args:
        name: as it is called.
        function: whatever can be; a property is no call.
        bound: whether the first parameter is filled in.
    """
    if isinstance(function, property):
        return call(name, function.fget, bound=True).replace("() -> ", ": ")
    told = inspect.signature(function)
    parameters = list(told.parameters.values())[1 if bound else 0 :]
    signature = str(told.replace(parameters=parameters))
    signature = re.sub(r"<[^<>]*>", "…", signature)  # a function as a default has no other form that stays
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
    wait = "await " if inspect.iscoroutinefunction(function) else ""
    return f"{wait}{name}{signature}".replace("~", "")


def first_sentences(value: Any) -> str:
    """Of a docstring its first paragraph, in one line."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


def with_arguments(function: Any) -> Iterator[str]:
    """What a docstring says of each argument, a line each."""
    yield from (f"  - `{name}`: {meaning}" for name, meaning in arguments(function).items())


def members(kind: type, *, methods: bool = True) -> Iterator[str]:
    """The fields of a class, then what else it has that is public, a line each."""
    meanings = attributes(kind)
    if issubclass(kind, Enum):
        yield from (f"  - `{kind.__name__}.{one.name}`: {meanings.get(one.name, '')}" for one in kind)
        return
    for name, type_, default in _fields(kind):
        yield f"  - `{name}: {type_}{default}`" + (f", {meanings[name]}" if name in meanings else "")
    named = {name for name, *_ in _fields(kind)}
    for name, member in vars(kind).items() if methods else ():
        function = member.func if hasattr(member, "func") else member
        if name.startswith("_") or name in named or not inspect.isfunction(getattr(function, "fget", function)):
            continue
        said = first_sentences(function)
        yield f"  - `{call(f'.{name}', function, bound=True)}`" + (f": {said}" if said else "")


def _fields(kind: type) -> Iterator[tuple[str, str, str]]:
    """Name, type and default of each."""
    if is_dataclass(kind):
        yield from ((one.name, str(one.type), _default(one)) for one in fields(kind) if one.init)
    elif hasattr(kind, "_fields"):
        types = inspect.get_annotations(kind)
        yield from ((name, _plain(types[name]), "") for name in kind._fields)


def _plain(type_: Any) -> str:
    return str(getattr(type_, "__forward_arg__", type_))


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING and "<" not in repr(one.default):
        return f" = {one.default!r}"
    return "" if one.default is MISSING and one.default_factory is MISSING else " = …"
