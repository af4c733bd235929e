"""Whether a name turned to stay, by what each server said to the end; silence is neither."""

from __future__ import annotations

import pytest

from chaos.analysis.claims import UnmeasuredError
from chaos.analysis.lasting import all_turned_ns, turned, turns, unchanged
from chaos.analysis.reading import Reading
from chaos.model import Outcome
from chaos.model.figure import plain
from tests.histories import NXDOMAIN, TIMED_OUT, Builder, Truth, a, ns, steps

OLD, NEW, RECORD = a("10.0.0.1"), a("10.0.0.2"), "A web-1.web"
SPAN = ns(10), ns(20)


def told(**views: Truth) -> Reading:
    """Each view asked from 5 to 25 s; `service` stands for itself, others for single servers."""
    build = Builder()
    for view, truth in views.items():
        build.sample(build.series("dns", RECORD, view, "web-1"), 5.0, 25.0, truth)
    return Reading(build.done())


def found(reading: Reading, status: str = "NXDOMAIN", value: str = "") -> list[tuple[str, str]]:
    return [(str(f.outcome), plain(f.sentence)) for f in turned(reading, RECORD, status, *SPAN, value=value)]


def test_a_name_that_turned_to_stay_has_nothing_against_it() -> None:
    reading = told(one=steps(OLD, (12.0, NXDOMAIN)), service=steps(OLD, (13.0, NXDOMAIN)))
    assert found(reading) == []
    assert ns(13.0) <= all_turned_ns(reading, RECORD, "NXDOMAIN", *SPAN) <= ns(13.2)


@pytest.mark.parametrize(
    "truth",
    [
        steps(OLD),
        steps(OLD, (12.0, NXDOMAIN), (19.0, OLD)),
        steps(OLD, (12.0, NXDOMAIN), (19.0, OLD), (20.5, NXDOMAIN)),
    ],
)
def test_a_name_that_did_not_turn_or_not_to_stay_fails(truth: Truth) -> None:
    assert found(told(one=truth)) == [("fail", "A web-1.web was not NXDOMAIN in the end at one")]
    with pytest.raises(UnmeasuredError, match="was not seen to turn to NXDOMAIN"):
        all_turned_ns(told(one=truth), RECORD, "NXDOMAIN", *SPAN)


def test_what_counts_is_the_last_turn() -> None:
    reading = told(one=steps(OLD, (12.0, NXDOMAIN), (14.0, OLD), (15.0, NXDOMAIN)))
    assert found(reading) == []
    assert all_turned_ns(reading, RECORD, "NXDOMAIN", *SPAN) >= ns(15.0)


def test_another_address_than_the_one_that_is_due_is_wrong() -> None:
    reading = told(one=steps(OLD, (12.0, NEW)))
    assert found(reading, "NOERROR", "10.0.0.2") == []
    assert found(reading, "NOERROR", "10.0.0.3")[0][0] == "fail"


@pytest.mark.parametrize("silence", [TIMED_OUT, Outcome("SERVFAIL"), Outcome("TRUNCATED")])
@pytest.mark.parametrize("truth", [(OLD, 10.0), (NXDOMAIN, 15.0), (OLD, 15.0)])
def test_a_server_that_fell_silent_is_unsure_whatever_it_said_before(
    silence: Outcome, truth: tuple[Outcome, float]
) -> None:
    before, at_s = truth
    assert found(told(one=steps(before, (at_s, silence)))) == [
        ("unknown", "A web-1.web could not be heard all the time at one")
    ]


def test_a_server_behind_the_service_address_that_is_late_is_not_missed_by_luck() -> None:
    """It and a right one answer in turn; the last answers of the time came from the right one."""
    late = steps(OLD, (19.95, NXDOMAIN))
    assert [outcome for outcome, _ in found(told(service=late))] == ["unknown"]
    assert found(told(one=late)) == []


def test_a_name_that_nobody_asked_for_cannot_be_judged() -> None:
    with pytest.raises(UnmeasuredError, match="was not asked for"):
        found(Reading(Builder().done()))
    assert turns(told(one=steps(TIMED_OUT)), RECORD, "NXDOMAIN", *SPAN) == {}


def test_a_name_that_was_written_otherwise_is_told_beside_those_that_were_asked_for() -> None:
    kind, _, name = RECORD.partition(" ")
    for wrong in (name, f"{kind} {name[:-1]}"):
        with pytest.raises(UnmeasuredError, match=f"{wrong} was not asked for, but {RECORD}"):
            list(turned(told(one=steps(OLD)), wrong, "NXDOMAIN", *SPAN))


def test_what_was_connected_to_is_judged_by_its_outage() -> None:
    builder = Builder()
    builder.series("http", "front:80", "", "", "front")
    with pytest.raises(
        UnmeasuredError, match="front:80 was connected to, not asked of DNS: `outage` judges connections"
    ):
        list(turned(Reading(builder.done()), "front:80", "OK", *SPAN))


@pytest.mark.parametrize(
    ("truth", "outcomes"),
    [
        (steps(OLD), []),
        (steps(OLD, (12.0, TIMED_OUT), (12.2, OLD)), []),
        (steps(OLD, (12.0, NXDOMAIN), (12.2, OLD)), ["fail"]),
        (steps(OLD, (12.0, NEW)), ["fail"]),
        (steps(NXDOMAIN), ["fail"]),
        (steps(OLD, (12.0, TIMED_OUT)), ["unknown"]),
        (steps(OLD, (12.0, TIMED_OUT), (15.0, NEW)), ["unknown", "fail"]),
    ],
)
def test_a_record_that_never_changes_was_heard_and_said_the_same(truth: Truth, outcomes: list[str]) -> None:
    assert [str(f.outcome) for f in unchanged(told(one=truth), RECORD, *SPAN)] == outcomes


def test_a_record_that_never_gave_what_it_should_was_wrong_all_the_time() -> None:
    assert not list(unchanged(told(one=steps(OLD)), RECORD, *SPAN, values=("10.0.0.1",)))
    assert [str(f.outcome) for f in unchanged(told(one=steps(OLD)), RECORD, *SPAN, values=("10.0.0.2",))] == ["fail"]
