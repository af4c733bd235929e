"""A number of a run, and how a sentence cites it.

Sentences are ordinary strings. A figure in one is a citation: its bounds and unit between two characters that no text
contains. `plain` writes citations out for people; run.json keeps the figures by id and the sentences with the ids in
the figures' places, so that a number and what is said of it cannot differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count as counter
from math import ceil, floor
from typing import Any

_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000
_BEGIN, _END = "\ue000", "\ue001"
_NUMBER = r"(?:-?[\d.]+(?:e[+-]?\d+)?|null)"
_CITATION = re.compile(rf'{_BEGIN}(\[\d+, {_NUMBER}, {_NUMBER}, "(?:[^"\\]|\\.)*", "[a-z]*"\]){_END}')
# What a pod or a user wrote may look like a place; `Register.take` writes its beginning so that it is none.
_LOOKS_LIKE_A_PLACE, _IS_NONE = "{figure:", "{figure:{}"
_PLACE = re.compile(r"\{figure:(\{\}|[^{}]+\})")
_GREATEST = 1e30  # no bound is greater
_serials = counter()

DURATION = "ns"
SHARE = "share"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, or the bounds of one.

    Attributes:
        least: it is not less; None where no such bound is known.
        most: it is not more; None where no such bound is known.
        unit: ``ns`` of a duration, ``share`` of a part of one, else what is counted in the singular (``view``, with
            another plural ``reply|replies``), or nothing.
        style: of a duration: ``s``, ``ms`` (milliseconds below a second), or ``g`` (set, not measured).
    """

    least: float | None
    most: float | None
    unit: str = ""
    style: str = ""

    def cite(self) -> str:
        """What stands for it in a sentence. Each citation is a figure of its own, also where two are equal."""
        return f"{_BEGIN}{json.dumps([next(_serials), self.least, self.most, self.unit, self.style])}{_END}"

    def text(self) -> str:
        """As people read it; bounds are rounded outwards."""
        if self.unit == DURATION:
            return self._duration()
        if self.least == self.most:
            return self._write(self.least)
        least, most = self._write(self.least, floor), self._write(self.most, ceil)
        if self.least is None or self.most is None:
            return f"at least {least}" if self.most is None else f"at most {most}"
        return least if least == most else f"{least} to {most}"

    def _write(self, value: float | None, outwards: Callable[[float], float] = round) -> str:
        if value is None:
            return ""
        if self.unit == SHARE:  # a hundredth of a percent more or less is the computer's, not the run's
            return f"{outwards(round(100 * value, 2))}%"
        number = str(int(value)) if float(value).is_integer() else f"{value:g}"
        one, _, many = self.unit.partition("|")
        return f"{number} {one if value == 1 else many or one + 's'}" if one else number

    def _duration(self) -> str:
        if self.style == "g":
            return f"{(self.most or 0) / _NS_PER_S:g} s"
        write = _seconds if self.style == "s" else _milliseconds
        if self.least == self.most and self.least is not None:
            return write(round(self.least))
        if self.most is None:
            return f"at least {write(_down(round(self.least or 0)))}"
        most = write(rounded_up(round(self.most)))
        if self.least is None:
            return f"at most {most}"
        if _down(round(self.least)) <= 0:
            return f"at most {most}"
        least, unit = write(_down(round(self.least))).split(" ")
        return f"between {least if most.endswith(' ' + unit) else f'{least} {unit}'} and {most}"


def _milliseconds(duration_ns: int) -> str:
    """Milliseconds below a second, else seconds."""
    if abs(duration_ns) >= _NS_PER_S:
        return _seconds(duration_ns)
    if duration_ns == 0:
        return "0 ms"
    value = duration_ns / _NS_PER_MS
    return f"{value:.0f} ms" if abs(value) >= 10 else f"{value:.1f} ms"  # noqa: PLR2004 - three digits at most


def _seconds(duration_ns: int) -> str:
    """Seconds with as many digits as 10 ms probes give."""
    value = duration_ns / _NS_PER_S
    return f"{value:.2f} s" if abs(value) >= 1 else f"{value:.3f} s"


def _down(duration_ns: int) -> int:
    """To what `_seconds` shows of it."""
    step_ns = 10 * _NS_PER_MS if abs(duration_ns) >= _NS_PER_S else _NS_PER_MS
    return duration_ns // step_ns * step_ns


def rounded_up(duration_ns: int) -> int:
    """To what is shown of it, so that an upper bound stays one."""
    return -_down(-duration_ns)


def plain(text: str) -> str:
    """A text as people read it: each citation written out."""
    return _CITATION.sub(lambda found: _read(found)[1].text(), text) if _BEGIN in text else text


def figures_in(text: str) -> list[Figure]:
    """The figures that a text cites, in its order."""
    return [_read(found)[1] for found in _CITATION.finditer(text)]


def _read(found: re.Match[str]) -> tuple[int, Figure]:
    serial, least, most, unit, style = json.loads(found[1])
    return serial, Figure(least, most, unit, style)


class Register:
    """The figures of a run's sentences by id; the same citation has one id, wherever it is quoted."""

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, Any]] = {}
        self._ids: dict[int, str] = {}

    def take(self, text: str, owner: str) -> str:
        """The text with ``{figure:ID}`` for each citation; new ones are numbered under their owner."""
        text = text.replace(_LOOKS_LIKE_A_PLACE, _IS_NONE)
        return _CITATION.sub(lambda found: "{figure:" + self._id(found, owner) + "}", text)

    def _id(self, found: re.Match[str], owner: str) -> str:
        serial, figure = _read(found)
        if serial not in self._ids:
            number = sum(key.rpartition(".")[0] == owner for key in self.figures) + 1
            key = self._ids[serial] = f"{owner}.{number}"
            self.figures[key] = {"least": figure.least, "most": figure.most, "unit": figure.unit, "style": figure.style}
        return self._ids[serial]


def reader(figures: Mapping[str, Mapping[str, Any]]) -> Callable[[str], str]:
    """A function from a text of run.json, with ids, to one with citations of those figures.

    Raises (the function):
        KeyError: the text cites a figure that is not there.
        TypeError, ValueError: or one that is none.
    """
    cited: dict[str, str] = {}

    def read(text: str) -> str:
        return _PLACE.sub(lambda found: _LOOKS_LIKE_A_PLACE if found[1] == "{}" else _cite(found[1][:-1]), text)

    def _cite(key: str) -> str:
        if key not in cited:
            one = figures[key]
            least, most = (_bound(key, one[bound]) for bound in ("least", "most"))
            if least is None and most is None:
                raise ValueError(f"the figure {key} has no bound")
            cited[key] = Figure(least, most, str(one["unit"]), str(one["style"])).cite()
        return cited[key]

    return read


def _bound(key: str, value: object) -> float | None:
    """A bound of a figure as run.json has it."""
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= _GREATEST:
        raise ValueError(f"the figure {key} is {value!s:.40}")
    return value
