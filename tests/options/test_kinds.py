"""Kinds of values: what is read, from where, and what is refused in words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.cli.commands import NAMES, PARTS
from chaos.errors import UsageError
from chaos.options import (
    Choice,
    Duration,
    File,
    Flag,
    Kind,
    Many,
    Name,
    Number,
    Option,
    Percentage,
    Quantity,
    RefusedError,
    Text,
    Whole,
)
from chaos.options.kinds import shown, shown_toml
from chaos.options.table import known_options
from chaos.plugins import load

EVERY = (*NAMES, *(f"{name}_{part}" for name, parts in PARTS.items() for part in parts))
KINDS: list[Kind[Any]] = [one.kind for name in EVERY for one in load(f"chaos.cli.commands.{name}").command.options()]
PERIOD, GRACE = Duration(0.001, 60), Duration(0, 600, zero=True, whole=True)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (PERIOD, "5", 5.0),
        (PERIOD, "10ms", 0.01),
        (PERIOD, "35ms", 0.035),
        (PERIOD, "1.5s", 1.5),
        (PERIOD, ".5s", 0.5),
        (PERIOD, "1s500ms", 1.5),
        (PERIOD, "2500µs", 0.0025),
        (Duration(0, 1), "100ns", 1e-7),
        (Duration(0, 9999), "1h1m1s", 3661.0),
        (Duration(0, 9999), "1e3", 1000.0),
        (Duration(0, 9e9, days=True), "1d12h", 129600.0),
        (GRACE, "0", 0),
        (GRACE, "-0", 0),
        (GRACE, "1m30s", 90),
        (Whole(0, 10), " +5\n", 5),
        (Number(10), "1e-1", 0.1),
        (Percentage(), "10%", 0.1),
        (Percentage(), "0.1", 0.1),
        (Flag(), " YES ", True),
        (Flag(), "0", False),
        (Many(), "a  b", ("a", "b")),
        (File(), "a/b", Path("a/b")),
        (Quantity(), "500m", "500m"),
        (Choice(("a", "b")), "b", "b"),
    ],
)
def test_a_text_is_read_as_it_is_meant(kind: Kind[Any], text: str, value: object) -> None:
    read = kind.read(text)
    kind.check(read)
    assert read == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (PERIOD, "1m30s", "must lie between 1ms and 1m"),
        (PERIOD, "1e3", "must lie between"),
        (PERIOD, "٣s", "is no time; write it like 10ms, 1.5s or 1m30s"),
        (PERIOD, "1_000", "is no time"),
        (PERIOD, "nan", "is no time"),
        (PERIOD, "-1s", "must lie between"),
        (PERIOD, "1e400", "must lie between"),
        (PERIOD, "1s" * 1000, "is no time"),
        (PERIOD, "", "is no time"),
        (Duration(0, 9e9), "1d", "is no time; write it like 10ms, 1.5s or 1m30s"),
        (Duration(0, 60), "0", "must lie above 0, at most 1m"),
        (GRACE, "1.5", "must be whole seconds"),
        (GRACE, "1e999", "must be whole seconds"),
        (GRACE, "9" * 400 + "s", "is no time; write it like 30s or 1m30s"),
        (Whole(1, 5), "0", "must lie between 1 and 5"),
        (Whole(1, 5), "1.0", "must be a whole number from 1 to 5"),
        (Whole(1, 5), "true", "must be a whole number"),
        (Whole(1, 5), "9" * 5000, "must be a whole number"),
        (Number(1_000_000), "0", "must be a number above 0, at most 1000000"),
        (Number(5), "inf", "must be a number"),
        (Number(5, zero=True), "-1", "must be a number from 0 to 5"),
        (Percentage(), "11", "must be a whole percentage between 1% and 100%"),
        (Percentage(), "half", "is no percentage"),
        (Flag(), "maybe", "must be true or false"),
        (Text(), "", "is empty"),
        (Text(), "\udcff", "is not in UTF-8"),
        (Name(), "", "is empty"),
        (Name(), "A", "cannot be a name in Kubernetes"),
        (Name(), "a.b", "no dots"),
        (Name(dots=True), "a..b", "between single dots"),
        (Name(), "a\n", "cannot be a name"),
        (File(), "", "is empty"),
        (File(), "a\0", "cannot be a path"),
        (Quantity(), "0", "is no quantity"),
        (Quantity(), "9" * 50, "is no quantity"),
        (Choice(("a", "b")), "", "must be one of a, b"),
    ],
)
def test_a_text_that_cannot_be_is_refused_in_words(kind: Kind[Any], text: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        kind.check(kind.read(text))


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Whole(1, 5), True, "must be a whole number"),
        (Whole(1, 5), 1.0, "must be a whole number"),
        (Whole(1, 5), 10**400, "must lie between"),
        (Number(5), 10**400, "must be a number"),
        (Number(5), math.nan, "must be a number"),
        (Number(5), False, "must be a number"),
        (PERIOD, 10**400, "must lie between"),
        (PERIOD, -(10**400), "must lie between"),
        (PERIOD, math.nan, "must lie between"),
        (PERIOD, True, "must be a time"),
        (PERIOD, [1], "must be a time"),
        (GRACE, math.inf, "must be whole seconds"),
        (Percentage(), 10, "must be a percentage"),
        (Flag(), 1, "must be true or false"),
        (Flag(), "true", "without quotes"),
        (Text(), 5, "must be a text"),
        (Name(), {}, "must be a text"),
        (Many(), ["a", 5], "must be a list of texts"),
        (Many(), [""], "is empty"),
    ],
)
def test_what_toml_has_is_taken_where_it_is_of_the_type(kind: Kind[Any], value: object, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        kind.check(kind.accept(value))


def test_a_whole_number_of_toml_is_a_number_and_a_time_too() -> None:
    assert Number(5).accept(3) == 3.0
    assert PERIOD.accept(2) == 2.0
    assert GRACE.accept(5.0) == 5
    assert Many().accept("a b") == ("a b",)


@given(st.floats(0, 2**31, exclude_min=True))
@settings(max_examples=300, deadline=None)
def test_a_time_reads_back_as_it_was_written(seconds: float) -> None:
    kind = Duration(0, 2**32)
    assert math.isclose(kind.read(kind.write(seconds)), seconds, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "10ms"), (1.0, "1s"), (0.123456789, "123.456789ms"), (86_400.0, "24h"), (90.5, "1m30.5s"), (0, "0s")],
)
def test_a_time_is_written_as_people_write_it(seconds: float, text: str) -> None:
    assert PERIOD.write(seconds) == text


@given(st.floats(0.001, 1e6))
@settings(max_examples=100, deadline=None)
def test_a_number_reads_back_as_it_was_written(value: float) -> None:
    kind = Number(1e6)
    assert math.isclose(kind.read(kind.write(value)), value, rel_tol=1e-9)


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[-+]?[0-9.eE]{0,12}(ns|ms|s|m|h|%|Mi)?", fullmatch=True)))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_any_kind_raise_what_is_no_refusal(text: str) -> None:
    for kind in KINDS:
        try:
            kind.check(kind.read(text))
        except (RefusedError, UsageError):
            continue


_TOML = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates(), st.times(), st.datetimes()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=4,
)


@given(_TOML)
@settings(max_examples=200, deadline=None)
def test_no_value_of_toml_makes_any_kind_raise_what_is_no_refusal(value: object) -> None:
    for kind in KINDS:
        try:
            kind.check(kind.accept(value))
        except (RefusedError, UsageError):
            continue


def test_a_value_in_a_message_is_short_visible_and_on_one_line() -> None:
    assert shown("") == "''"
    assert shown("\x1b[31m\n") == "\\x1b[31m\\n"
    assert shown("x" * 100) == "x" * 80 + "…"
    assert shown_toml(True) == "true"
    assert shown_toml("5") == '"5"'
    assert shown_toml(int("9" * 4000) ** 2) == "a huge number"
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown_toml(deep) == "a huge value"


def test_a_flags_default_is_true_or_false() -> None:
    with pytest.raises(UsageError, match="must be true or false"):
        Option[Any]("x", Flag(), 5, "h").check(5)


def test_each_default_of_the_table_is_said_as_it_would_be_typed() -> None:
    """What help and documents show as a default is taken when it is typed."""
    for one in known_options().values():
        said = one.shown_default()
        if said and not one.default_said:
            one.check(one.kind.read(said))
