"""Options of one's own that cannot be: what is wrong is said with what it must be, and no words of Python's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.errors import UsageError
from chaos.options import Choice, Duration, File, Flag, Many, Number, Option, Percentage, Text, Whole
from chaos.options.own import check_own


@pytest.mark.parametrize(
    ("kind", "default", "message"),
    [
        (Whole(1, 65535), "8181", 'the default of --mine is "8181", and must be a whole number from 1 to 65535'),
        (Whole(1, 9), 2.5, "is 2.5, and must be a whole number from 1 to 9"),
        (Whole(0, 9), True, "is true, and must be a whole number from 0 to 9"),
        (Whole(1, 9), 10, "the default of --mine must lie between 1 and 9"),
        (Number(9.0), "5", 'is "5", and must be a number above 0, at most 9'),
        (Duration(1.0, 60.0), "10s", 'is "10s", and must be a number between 1s and 1m'),
        (Percentage(), "10%", 'is "10%", and must be a number between 1% and 100%'),
        (Flag(), "yes", 'is "yes", and must be True or False'),
        (Text(), 5, "is 5, and must be a text"),
        (Many(), "one", 'is "one", and must be a tuple of texts'),
        (Choice(("a", "b")), "c", "must be one of a, b"),
        (Choice("ab"), "a", 'the words of --mine are "ab", and must be a tuple of texts'),  # type: ignore[arg-type]  # that is the point
        (Whole, 5, "the kind of --mine is the class Whole, and must be one made of it\n  such as Whole(1, 100)"),
        (Duration, 5, "such as Duration(1.0, 600.0)"),
        (int, 5, "the kind of --mine is <class 'int'>\n  it must be one, such as Whole(1, 100)"),
        (str, "x", "such as Text()"),
        ("whole", 5, "it must be one, such as Whole(1, 100)"),
        (Whole(9, 1), 5, "--mine goes from 9 to 1\n  the least number, then the greatest: Whole(1, 100)"),
        (Whole("1", 5), 5, '--mine goes from "1" to 5'),  # type: ignore[arg-type]  # that is the point
    ],
)
def test_one_that_cannot_be_says_what_it_must_be(kind: Any, default: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_own(Option("mine", kind, default, "What it does."), "mine.py, line 3")
    assert str(caught.value).startswith("mine.py, line 3: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        (Whole(1, 9), 3),
        (Number(9.0), 3),
        (Duration(5.0, 600.0), 10),
        (Duration(0, 9, whole=True), None),
        (Percentage(), 0.1),
        (Flag(), False),
        (Text(), ""),
        (Many(), ()),
        (File(), Path("x")),
        (Choice(("a", "b")), "b"),
    ],
)
def test_one_that_is_right_is_taken(kind: Any, default: object) -> None:
    check_own(Option("mine", kind, default, "What it does."), "here")
