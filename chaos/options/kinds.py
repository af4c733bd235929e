"""What the value of an option may be: how it is read, checked, written, and described to a schema."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import durationpy

T = TypeVar("T")

# Kubernetes, "Object names and IDs": a namespace is a label, most other objects and domains are subdomains.
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DURATION = re.compile(r"((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|[kMGTPE]i?)?", re.ASCII)
_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_LONGEST_NUMBER = 40  # digits; Python refuses to read thousands of them
_SHOWN = 80


def shown(value: object) -> str:
    """A value in a message."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


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
        raise RefusedError(f"must be a text, and is {shown(value)}")

    def check(self, value: T) -> None:
        """Whether a value is possible.

        Raises:
            RefusedError: says what it must be.
        """

    def write(self, value: T) -> str:
        """As it would be typed."""
        return str(value)

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
        return text

    def check(self, value: str) -> None:
        if not isinstance(value, str):
            raise RefusedError(f"must be a text, and is {shown(value)}")
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
        return text

    def check(self, value: str) -> None:
        form = rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*" if self.dots else _LABEL
        if value and not re.fullmatch(form, value):
            parts = "parts of them between single dots" if self.dots else "no dots"
            raise RefusedError(
                f"cannot be a name in Kubernetes: small letters, digits and dashes inside, at most 63; {parts}"
            )


@dataclass(frozen=True)
class Choice(Kind[str]):
    """One of some words."""

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
        known = {
            "true": True,
            "1": True,
            "yes": True,
            "on": True,
            "false": False,
            "0": False,
            "no": False,
            "off": False,
        }
        if text.strip().lower() not in known:
            raise RefusedError("must be true or false")
        return known[text.strip().lower()]

    def accept(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise RefusedError(f"must be true or false without quotes, and is {shown(value)}")
        return value

    def write(self, value: bool) -> str:
        return "true" if value else "false"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Whole(Kind[int]):
    """A whole number."""

    low: int
    high: int
    metavar: str = "N"

    def read(self, text: str) -> int:
        if not _WHOLE.fullmatch(text.strip()) or len(text) > _LONGEST_NUMBER:
            raise RefusedError(f"must be a whole number {self._range()}")
        return int(text)

    def accept(self, value: object) -> int:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RefusedError(f"must be a whole number {self._range()}, and is {shown(value)}")
        return value

    def check(self, value: int) -> None:
        if not self.low <= value <= self.high:
            raise RefusedError(f"must lie between {self.low} and {self.high}")

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def _range(self) -> str:
        return f"from {self.low} to {self.high}"


@dataclass(frozen=True)
class Number(Kind[float]):
    """A number above `low`, or from it on where `zero` may be."""

    high: float
    low: float = 0.0
    zero: bool = False
    metavar: str = "N"
    unit: str = ""

    def read(self, text: str) -> float:
        if not _NUMBER.fullmatch(text.strip()) or len(text) > _LONGEST_NUMBER:
            raise RefusedError(f"must be a number {self._range()}")
        return float(text)

    def accept(self, value: object) -> float:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(f"must be a number {self._range()}, and is {shown(value)}")
        return float(value)

    def check(self, value: float) -> None:
        above = value >= self.low if self.zero else value > self.low
        if not above or not value <= self.high or not math.isfinite(value):
            raise RefusedError(f"must be a number {self._range()}")

    def write(self, value: float) -> str:
        return f"{value:g}"

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum" if self.zero else "exclusiveMinimum": self.low, "maximum": self.high}

    def _range(self) -> str:
        return f"from {self.low:g} to {self.high:g}" if self.zero else f"above {self.low:g}, at most {self.high:g}"


@dataclass(frozen=True)
class Duration(Kind[float]):
    """Seconds, written as Go and Kubernetes do (``1m30s``, ``10ms``), or as a plain number of them.

    Attributes:
        low_s: the shortest; 0 is no duration unless `zero`.
        whole: only whole seconds, as an int.
    """

    low_s: float
    high_s: float
    zero: bool = False
    whole: bool = False
    metavar: str = "TIME"
    unit: str = "s"

    def read(self, text: str) -> float:
        plain = text.strip()
        if _NUMBER.fullmatch(plain) and len(plain) <= _LONGEST_NUMBER:
            return self._whole(float(plain))
        signless = plain.removeprefix("-")
        if not _DURATION.fullmatch(signless):
            raise RefusedError(f"is no time; write it like {self._example()}")
        try:
            seconds = float(durationpy.from_str(signless).total_seconds())
        except ValueError as exc:
            raise RefusedError(f"is no time: {exc}") from exc
        return self._whole(seconds if signless == plain else -seconds)

    def accept(self, value: object) -> float:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(f"must be a time like {self._example()}, or seconds, and is {shown(value)}")
        return self._whole(float(value))

    def check(self, value: float) -> None:
        none = value == 0 and self.zero
        if not none and (not self.low_s <= value <= self.high_s or value <= 0):
            least = "0" if self.zero else self.write(self.low_s) if self.low_s else "more than 0"
            raise RefusedError(f"must lie between {least} and {self.write(self.high_s)}")

    def write(self, value: float) -> str:
        if value and round(abs(value), 9) < 1:
            return f"{value * 1000:g}ms"
        return f"{value:.10g}s"

    def schema(self) -> dict[str, Any]:
        return {"type": "integer" if self.whole else "number", "minimum": 0, "maximum": self.high_s}

    def _example(self) -> str:
        return "30s or 1m30s" if self.whole else "10ms, 1.5s or 1m30s"

    def _whole(self, seconds: float) -> float:
        if not self.whole:
            return seconds
        if not math.isfinite(seconds) or seconds != int(seconds):
            raise RefusedError("must be whole seconds, like 30s or 1m30s")
        return int(seconds)


@dataclass(frozen=True)
class Percentage(Kind[float]):
    """A part of one, ``10%`` or ``0.1``, in whole percents."""

    low: int = 1
    high: int = 100
    metavar: str = "PERCENT"

    def read(self, text: str) -> float:
        plain = text.strip()
        number = plain.removesuffix("%")
        if not _NUMBER.fullmatch(number) or len(plain) > _LONGEST_NUMBER:
            raise RefusedError("is no percentage; write it like 10% or 0.1")
        return float(number) / 100 if number != plain else float(number)

    def accept(self, value: object) -> float:
        if isinstance(value, float):
            return value
        if isinstance(value, str):
            return self.read(value)
        raise RefusedError(f'must be a percentage like "10%", or 0.1, and is {shown(value)}')

    def check(self, value: float) -> None:
        percent = round(100 * value, 6) if math.isfinite(value) else math.inf
        if not self.low <= percent <= self.high or not percent.is_integer():
            raise RefusedError(f"must be a whole percentage between {self.low}% and {self.high}%, such as 10% or 0.1")

    def write(self, value: float) -> str:
        return f"{100 * value:g}%"

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low / 100, "maximum": self.high / 100}


@dataclass(frozen=True)
class Quantity(Kind[str]):
    """A quantity of Kubernetes."""

    metavar: str = "QUANTITY"

    def read(self, text: str) -> str:
        return text

    def check(self, value: str) -> None:
        if not _QUANTITY.fullmatch(value):
            raise RefusedError("is no quantity of Kubernetes, such as 500m or 2 for CPU, 96Mi for memory")


@dataclass(frozen=True)
class File(Kind[Path]):
    """The path of a file or a folder."""

    metavar: str = "FILE"

    def read(self, text: str) -> Path:
        if not text:
            raise RefusedError("is empty")
        if "\0" in text:
            raise RefusedError("cannot be a path")
        return Path(text)


@dataclass(frozen=True)
class Many(Kind[tuple[str, ...]]):
    """Texts; the option may be repeated, and is a list in a profile. A variable has them apart by spaces.

    Attributes:
        is_it: raises a UsageError for one that cannot be.
    """

    metavar: str = "TEXT"
    is_it: Callable[[str], object] | None = None

    def read(self, text: str) -> tuple[str, ...]:
        return tuple(text.split())

    def accept(self, value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise RefusedError(f"must be a list of texts, and is {shown(value)}")

    def check(self, value: tuple[str, ...]) -> None:
        for one in value:
            if self.is_it is not None:
                self.is_it(one)

    def write(self, value: tuple[str, ...]) -> str:
        return " ".join(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string"}}
