"""Windows of the week: what is one, and when it holds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chaos.errors import UsageError
from chaos.options.guards import GuardOptions
from chaos.options.windows import Window


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "instant", "holds"),
    [
        ("09:00-17:00", "2026-11-27T09:00:00", True),  # a Friday; the first instant is in it
        ("09:00-17:00", "2026-11-27T16:59:59", True),
        ("09:00-17:00", "2026-11-27T17:00:00", False),  # the last is not
        ("mon-fri 09:00-17:00", "2026-11-28T12:00:00", False),
        ("sat,sun 09:00-17:00", "2026-11-28T12:00:00", True),
        ("sat-mon 09:00-17:00", "2026-11-30T12:00:00", True),  # over the end of the week
        ("sat-mon 09:00-17:00", "2026-12-01T12:00:00", False),
        ("fri 22:00-02:00", "2026-11-27T23:00:00", True),
        ("fri 22:00-02:00", "2026-11-28T01:59:00", True),  # Saturday, in what began on Friday
        ("fri 22:00-02:00", "2026-11-27T01:00:00", False),  # what began on Thursday
        ("fri 00:00-00:00", "2026-11-27T12:00:00", True),  # a whole day
        ("09:00-10:00 Europe/Berlin", "2026-11-27T08:30:00", True),
        ("09:00-10:00 Europe/Berlin", "2026-07-27T07:30:00", True),  # summer time
        ("09:00-10:00 Europe/Berlin", "2026-07-27T08:30:00", False),
    ],
)
def test_a_window_holds_between_its_ends_in_its_zone(window: str, instant: str, holds: bool) -> None:
    assert Window.parse(window).holds(at(instant)) is holds


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ("", "is empty"),
        ("always", "must be"),
        ("9-17", "must be"),
        ("mon-fri", "must be"),
        ("09:00-24:00", "names a time 24:00"),
        ("09:60-10:00", "names a time 09:60"),
        ("mun-fri 09:00-17:00", "names a day mun"),
        ("09:00-17:00 Europe/Atlantis", "names a time zone Europe/Atlantis"),
        ("09:00-17:00 ../../etc/passwd", "must be"),
        ("09:00-17:00 UTC and more", "must be"),
    ],
)
def test_what_is_no_window_is_refused(window: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        GuardOptions(only_in=(window,))


def test_any_of_several_windows_holds() -> None:
    windows = GuardOptions(only_in=("mon 09:00-10:00", "fri 12:00-13:00")).windows
    assert [window.holds(at("2026-11-27T12:30:00")) for window in windows] == [False, True]


def test_a_cluster_that_must_be_one_and_is_made_anew_is_a_contradiction() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        GuardOptions(cluster_uid="12345678", new_cluster=True)
