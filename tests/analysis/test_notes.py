"""Kinds of notes: each is a dataclass by being a `Note`, whether it says so itself or not."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from chaos.analysis.claims import UnmeasuredError
from chaos.analysis.notes import Note, note, notes
from chaos.analysis.reading import Reading
from chaos.model import History, RunMeta


class TwoWords(Note):
    """What was found.

    More of it.
    """

    phase: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decorated(Note):
    phase: str
    values: tuple[str, ...] = ()


class Special(TwoWords):
    more: int = 3


def reading(*written: Note) -> Reading:
    history = History(RunMeta("x", simulated=True, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    history.marks.extend(
        (at, one.kind, {k: list(v) if isinstance(v, tuple) else v for k, v in one.details().items()})
        for at, one in enumerate(written, 1)
    )
    return Reading(history)


@pytest.mark.parametrize("kind", [TwoWords, Decorated])
def test_a_kind_is_a_frozen_dataclass_that_is_read_back_as_it_was(kind: type[TwoWords] | type[Decorated]) -> None:
    written = kind("before", ("a", "b"))
    (found,) = notes(reading(kind("after"), written), kind, phase="before")
    assert (found, hash(found), found.at_ns) == (written, hash(written), 2)
    with pytest.raises((AttributeError, TypeError)):
        found.phase = "later"  # type: ignore[misc]
    with pytest.raises(UnmeasuredError, match="did not come as far"):
        note(reading(written), kind, phase="after")


def test_a_kind_is_named_and_captioned_by_its_class() -> None:
    assert (TwoWords.kind, TwoWords.caption()) == ("two-words", "What was found:")


def test_a_kind_of_a_kind_has_the_values_of_both() -> None:
    assert Special("p", ("v",)).details() == {"phase": "p", "values": ("v",), "more": 3}
    assert notes(reading(TwoWords("p")), Special) == []
