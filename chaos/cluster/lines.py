"""The lines of a journal that is read back: which of them count, and what is wrong with the others."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field

from chaos.cluster.line import Line, is_beginning, is_old_beginning, read_line

_SHOWN = 200
_MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class UnfitLine:
    """A line that this tool did not write, or that was damaged since, or is missing.

    Attributes:
        number: counted from 1; 0 where no line is there to be counted.
        why: it is none.
        text: its beginning.
    """

    number: int
    why: str
    text: str = ""


@dataclass(slots=True)
class Lines:
    """What a file holds.

    Attributes:
        good: by their place in the file, from 1.
        unfit: what is told of those that do not count.
        torn: how many were cut short by a crash: never acknowledged, so what they were about never began.
        written: how many lines the writers counted.
        version: in which further lines are to be written.
        signed: whether they are signed by the key that they were read with; else none of them is.
    """

    good: list[tuple[int, Line]] = field(default_factory=list)
    unfit: list[UnfitLine] = field(default_factory=list)
    torn: int = 0
    written: int = 0
    version: int = 0
    signed: bool = False


def read_lines(data: bytes, key: bytes) -> Lines:
    """Read them. Those that are less than the others do not count: unsigned among signed, bare among checksummed."""
    found = Lines()
    rows = data.split(b"\n")
    unread: list[tuple[int, str]] = []
    acknowledged: set[int] = set()  # places of lines whose writer had found what was before them cut short
    for place, row in enumerate(rows, 1):
        if not row:
            continue
        try:
            line = read_line(row, key)
        except (ValueError, RecursionError) as exc:
            unread.append((place, str(exc) or "it is nested too deeply"))
            continue
        found.good.append((place, line))
        if line.after_torn:
            acknowledged.add(place)
    found.version = max((line.version for _, line in found.good), default=0)
    found.signed = any(line.signed for _, line in found.good)
    places = [place for place, _ in found.good]
    for place, why in unread:
        index = bisect(places, place)
        known = places[index] in acknowledged if index < len(places) else place == len(rows)
        if _is_torn(found, rows[place - 1], known=known):
            found.torn += 1
        else:
            found.unfit.append(_unfit(place, why, rows[place - 1]))
    _leave_lesser_out(found, rows)
    _miss(found)
    return found


def _is_torn(found: Lines, row: bytes, *, known: bool) -> bool:
    """Whether a crash cut a line short, rather than that it was damaged: it ends the file, or its follower knows."""
    return (known and is_beginning(row)) or (not found.version and is_old_beginning(row))


def _unfit(place: int, why: str, row: bytes) -> UnfitLine:
    return UnfitLine(place, why, row[:_SHOWN].decode("utf-8", "backslashreplace"))


def _leave_lesser_out(found: Lines, rows: list[bytes]) -> None:
    """Lines that are less than the others are, or that stood elsewhere once."""
    good = []
    for place, line in found.good:
        why = ""
        if line.signed != found.signed:
            why = "it is not signed by your key, as the others are"
        elif bool(line.version) != bool(found.version):
            why = "it has no checksum, as the others have"
        elif line.number < found.written:
            why = "it stood before another one when it was written"
        if why:
            found.unfit.append(_unfit(place, why, rows[place - 1]))
            continue
        good.append((place, line))
        found.written = line.number
    found.good = good


def _miss(found: Lines) -> None:
    """Tell of lines that were written and are nowhere, not even as something that cannot be read."""
    here = {line.number for _, line in found.good if line.number}
    missing = found.written - len(here) - len(found.unfit)  # what was cut short had no number yet
    if missing > 0:
        what = "a line is" if missing == 1 else f"{missing} lines are"
        found.unfit.append(UnfitLine(0, f"{what} missing"))


def in_order(unfit: Iterable[UnfitLine]) -> list[UnfitLine]:
    """By their place in the file; of very many the first, and how many more there are."""
    rows = sorted(unfit, key=lambda line: line.number)
    more = len(rows) - _MOST_TOLD
    return rows if more <= 0 else [*rows[:_MOST_TOLD], UnfitLine(0, f"{more} more lines are as unfit as the last one")]
