"""Kinds of numbers: what they are counted in, and between what they must lie."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chaos.options.kinds import Kind, RefusedError

# Seconds are the number times the first by the second, so that each is rounded once.
_UNITS = {
    "ns": (1, 1e9),
    "us": (1, 1e6),
    "µs": (1, 1e6),
    "μs": (1, 1e6),
    "ms": (1, 1e3),
    "s": (1, 1.0),
    "m": (60, 1.0),
    "h": (3600, 1.0),
    "d": (86400, 1.0),
}
# As Go's time.ParseDuration reads it, which Kubernetes uses; days are not among its units.
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_DURATION = re.compile(rf"({_PART.pattern})+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_LONGEST = 40  # characters; Python refuses to read thousands of digits
_MOST_DECIMALS = 9  # nanoseconds
_DAY_S = 86400


def _float(value: float) -> float:
    """A number of TOML, whose whole numbers have no bounds."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _plain(value: float) -> str:
    """Without an exponent, where nine decimals say all of it."""
    text = f"{value:.{_MOST_DECIMALS}f}".rstrip("0").rstrip(".")
    return text if math.isclose(float(text), value, rel_tol=1e-12) else repr(value)


@dataclass(frozen=True)
class Whole(Kind[int]):
    """A whole number.

    Attributes:
        low: the least that may be.
        high: the greatest.
        metavar: what stands for a value in help; likewise below.
    """

    low: int
    high: int
    metavar: str = "N"

    def read(self, text: str) -> int:
        if not _WHOLE.fullmatch(text.strip()) or len(text) > _LONGEST:
            raise RefusedError(f"must be a whole number {self.between()}")
        return int(text)

    def accept(self, value: object) -> int:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RefusedError(f"must be a whole number {self.between()}")
        return value

    def check(self, value: int) -> None:
        if not self.low <= value <= self.high:
            raise RefusedError(f"must lie between {self.low} and {self.high}")

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def between(self) -> str:
        return f"from {self.low} to {self.high}"


@dataclass(frozen=True)
class Number(Kind[float]):
    """A number above `low`, or from it on where `zero` may be.

    Attributes:
        high: the greatest that may be.
        low: the bound from below.
        zero: whether `low` itself may be.
        unit: ending of its attribute, such as ``s``; empty: none.
    """

    high: float
    low: float = 0.0
    zero: bool = False
    metavar: str = "N"
    unit: str = ""

    def read(self, text: str) -> float:
        if not _NUMBER.fullmatch(text.strip()) or len(text) > _LONGEST:
            raise RefusedError(f"must be a number {self.between()}")
        return float(text)

    def accept(self, value: object) -> float:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(f"must be a number {self.between()}")
        return _float(value)

    def check(self, value: float) -> None:
        above = value >= self.low if self.zero else value > self.low
        if not above or not value <= self.high or not math.isfinite(value):
            raise RefusedError(f"must be a number {self.between()}")

    def write(self, value: float) -> str:
        return _plain(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum" if self.zero else "exclusiveMinimum": self.low, "maximum": self.high}

    def between(self) -> str:
        low, high = _plain(self.low), _plain(self.high)
        return f"from {low} to {high}" if self.zero else f"above {low}, at most {high}"


@dataclass(frozen=True)
class Duration(Kind[float]):
    """Seconds, written as Go and Kubernetes do (``1m30s``, ``10ms``), or as a plain number of them.

    Attributes:
        low_s: the shortest; 0 is no duration unless `zero`.
        high_s: the longest.
        zero: whether 0 may be.
        whole: only whole seconds, as an int.
        days: whether ``30d`` may be written too.
    """

    low_s: float
    high_s: float
    zero: bool = False
    whole: bool = False
    days: bool = False
    metavar: str = "TIME"
    unit: str = "s"

    def read(self, text: str) -> float:
        plain = text.strip()
        if _NUMBER.fullmatch(plain) and len(plain) <= _LONGEST:
            return self._whole(float(plain))
        signless = plain.removeprefix("-")
        if len(plain) > _LONGEST or not _DURATION.fullmatch(signless) or ("d" in signless and not self.days):
            raise RefusedError(f"is no time; write it like {self._example()}")
        parts = ((float(number), *_UNITS[unit]) for number, unit in _PART.findall(signless))
        seconds = sum(number * times / by for number, times, by in parts)
        return self._whole(seconds if signless == plain else -seconds)

    def accept(self, value: object) -> float:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(f"must be a time like {self._example()}, or seconds")
        return self._whole(_float(value))

    def check(self, value: float) -> None:
        none = value == 0 and self.zero
        if not none and (not self.low_s <= value <= self.high_s or value <= 0):
            raise RefusedError(f"must lie {self.between()}")

    def between(self) -> str:
        longest = self.write(self.high_s)
        if self.low_s or self.zero:
            return f"between {'0' if self.zero else self.write(self.low_s)} and {longest}"
        return f"above 0, at most {longest}"

    def write(self, value: float) -> str:
        if not math.isfinite(value):
            return str(value)
        if self.days and value and value % _DAY_S == 0:
            return f"{_plain(value / _DAY_S)}d"
        text = _plain(value * 1000) if value and abs(value) < 1 else _plain(value)
        if "e" in text:
            return repr(value)  # seconds; a number with an exponent takes no unit
        if value and abs(value) < 1:
            return f"{text}ms"
        minutes, seconds = divmod(Decimal(text.removeprefix("-")), 60)
        hours, minutes = divmod(minutes, 60)
        parts = [f"{part}{unit}" for part, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if part]
        return "-" * text.startswith("-") + ("".join(parts) or "0s")

    def schema(self) -> dict[str, Any]:
        return {"type": "integer" if self.whole else "number", "minimum": 0, "maximum": self.high_s}

    def _example(self) -> str:
        if self.days:
            return "30d or 1d12h"
        return "30s or 1m30s" if self.whole else "10ms, 1.5s or 1m30s"

    def _whole(self, seconds: float) -> float:
        if not self.whole:
            return seconds
        if not math.isfinite(seconds) or seconds != int(seconds):
            raise RefusedError("must be whole seconds, like 30s or 1m30s")
        return int(seconds)


@dataclass(frozen=True)
class Percentage(Kind[float]):
    """A part of one, ``10%`` or ``0.1``, in whole percents.

    Attributes:
        low: the least, in percent.
        high: the greatest, in percent.
    """

    low: int = 1
    high: int = 100
    metavar: str = "PERCENT"

    def read(self, text: str) -> float:
        plain = text.strip()
        number = plain.removesuffix("%")
        if not _NUMBER.fullmatch(number) or len(plain) > _LONGEST:
            raise RefusedError("is no percentage; write it like 10% or 0.1")
        return float(number) / 100 if number != plain else float(number)

    def accept(self, value: object) -> float:
        if isinstance(value, float):
            return value
        if isinstance(value, str):
            return self.read(value)
        raise RefusedError('must be a percentage like "10%", or 0.1')

    def check(self, value: float) -> None:
        percent = round(100 * value, 6) if math.isfinite(value) else math.inf
        if not self.low <= percent <= self.high or not percent.is_integer():
            raise RefusedError(f"must be a whole percentage {self.between()}, such as 10% or 0.1")

    def between(self) -> str:
        return f"between {self.low}% and {self.high}%"

    def write(self, value: float) -> str:
        return f"{100 * value:g}%"

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low / 100, "maximum": self.high / 100}
