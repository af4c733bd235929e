"""What the value of an option may be: how it is read, checked, written, and described to a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from chaos.visible import visible

T = TypeVar("T")

# Kubernetes, "Object names and IDs": a namespace is a label, most other objects and domains are subdomains.
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|[kMGTPE]i?)?", re.ASCII)
_LONGEST_QUANTITY = 40  # characters
_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_SHOWN = 80


def shown(value: object) -> str:
    """A value in a message: a text as it would be typed, all else as TOML nearly has it."""
    text = (value or "''") if isinstance(value, str) else shown_toml(value)
    return visible(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…", line=True)


def shown_toml(value: object) -> str:
    """A value of a profile in a message; texts in quotes."""
    try:
        text = repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):  # a number of thousands of digits; tables in tables in tables
        text = f"a huge {'number' if isinstance(value, int) else 'value'}"
    return visible(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…", line=True)


class RefusedError(ValueError):
    """What a value must be."""


class Kind(Generic[T]):
    """A kind of value.

    Attributes:
        metavar: what stands for a value in help; empty: the option is a flag without one.
        unit: that values have in Python and in run.json.
    """

    metavar = "TEXT"
    unit = ""

    def read(self, text: str) -> T:
        """From the command line or the environment.

        Raises:
            RefusedError: says what it must be.
        """
        raise NotImplementedError

    def accept(self, value: object) -> T:
        """From a profile: a text as on the command line, or TOML's own type where it has one.

        Raises:
            RefusedError: says what it must be.
        """
        if isinstance(value, str):
            return self.read(value)
        raise RefusedError("must be a text")

    def check(self, value: T) -> None:
        """Whether a value is possible.

        Raises:
            RefusedError: says what it must be.
        """

    def write(self, value: T) -> str:
        """As it would be typed."""
        return str(value)

    def between(self) -> str:
        """Between what it must lie, in words; empty where that is no question."""
        return ""

    def schema(self) -> dict[str, Any]:
        """JSON Schema of it in run.json."""
        return {"type": "string"}


@dataclass(frozen=True)
class Text(Kind[str]):
    """Any text.

    Attributes:
        is_it: raises a UsageError or ValueError for what cannot be.
    """

    metavar: str = "TEXT"
    is_it: Callable[[str], object] | None = None

    def read(self, text: str) -> str:
        return _not_empty(text)

    def check(self, value: str) -> None:
        if not isinstance(value, str):
            raise RefusedError("must be a text")
        _check_unicode(value)
        if value and self.is_it is not None:
            self.is_it(value)


@dataclass(frozen=True)
class Name(Kind[str]):
    """The name of an object of Kubernetes; it becomes part of URLs, labels and questions to DNS servers.

    Attributes:
        dots: whether it is a subdomain, which has parts; else a label.
    """

    metavar: str = "NAME"
    dots: bool = False

    def read(self, text: str) -> str:
        return _not_empty(text)

    def check(self, value: str) -> None:
        form = rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*" if self.dots else _LABEL
        if value and not re.fullmatch(form, value):
            parts = "parts of them between single dots" if self.dots else "no dots"
            raise RefusedError(
                f"cannot be a name in Kubernetes: small letters, digits and dashes inside, at most 63; {parts}"
            )


@dataclass(frozen=True)
class Choice(Kind[str]):
    """One of some words.

    Attributes:
        words: that may be said.
    """

    words: tuple[str, ...]

    @property
    def metavar(self) -> str:  # type: ignore[override]
        return "|".join(self.words)

    def read(self, text: str) -> str:
        return text

    def check(self, value: str) -> None:
        if value not in self.words:
            raise RefusedError(f"must be one of {', '.join(self.words)}")

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class Flag(Kind[bool]):
    """True or false."""

    metavar: str = ""

    def read(self, text: str) -> bool:
        word = text.strip().lower()
        if word not in (*_YES, *_NO):
            raise RefusedError("must be true or false")
        return word in _YES

    def accept(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise RefusedError("must be true or false, without quotes")
        return value

    def check(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RefusedError("must be true or false")

    def write(self, value: bool) -> str:
        return "true" if value else "false"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Quantity(Kind[str]):
    """A quantity of Kubernetes."""

    metavar: str = "QUANTITY"

    def read(self, text: str) -> str:
        return text

    def check(self, value: str) -> None:
        number = re.match(r"[\d.]+", value)
        if len(value) > _LONGEST_QUANTITY or not _QUANTITY.fullmatch(value) or number is None or not float(number[0]):
            raise RefusedError("is no quantity of Kubernetes, such as 500m or 2 for CPU, 96Mi for memory")


@dataclass(frozen=True)
class File(Kind[Path]):
    """The path of a file or a folder."""

    metavar: str = "FILE"

    def read(self, text: str) -> Path:
        if "\0" in text:
            raise RefusedError("cannot be a path")
        return Path(_not_empty(text))


@dataclass(frozen=True)
class Many(Kind[tuple[str, ...]]):
    """Texts; the option may be repeated, and is a list in a profile. A variable has them apart by spaces.

    Attributes:
        is_it: raises a UsageError for one that cannot be.
        apart: what a variable has between two instead, where they hold spaces themselves.
    """

    metavar: str = "TEXT"
    is_it: Callable[[str], object] | None = None
    apart: str = ""

    def read(self, text: str) -> tuple[str, ...]:
        return tuple(filter(None, (one.strip() for one in text.split(self.apart or None))))

    def accept(self, value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise RefusedError("must be a list of texts")

    def check(self, value: tuple[str, ...]) -> None:
        for one in value:
            if not one:
                raise RefusedError("is empty")
            _check_unicode(one)
            if self.is_it is not None:
                self.is_it(one)

    def write(self, value: tuple[str, ...]) -> str:
        return f"{self.apart} ".join(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string"}}


def _not_empty(text: str) -> str:
    """`--context "$UNSET"` must not mean the default."""
    if not text:
        raise RefusedError("is empty; leave it out for the default")
    return text


def _check_unicode(text: str) -> None:
    """Bytes of the command line that are no UTF-8 become lone surrogates, which no file can hold."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise RefusedError("is not in UTF-8")
