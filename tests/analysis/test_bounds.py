"""The interval rule against a truth that the prober cannot see."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.analysis.bounds import Exchange, change, changed_once, flips, stable_run
from chaos.model import Interval

MS = 1_000_000


@dataclass(frozen=True)
class Probe:
    sent_ns: int
    answered_ns: int  # when the server looked: somewhere between sending and receipt
    received_ns: int
    lost: bool


@st.composite
def probes(draw: st.DrawFn) -> list[Probe]:
    """Probes on a schedule, with latencies up to several periods, so that answers overtake each other, and losses."""
    period_ns = draw(st.integers(1, 20)) * MS
    found = []
    for number in range(draw(st.integers(1, 40))):
        sent_ns = number * period_ns + draw(st.integers(0, MS))
        out_ns, back_ns = draw(st.integers(0, 60 * MS)), draw(st.integers(0, 60 * MS))
        lost = draw(st.integers(0, 9)) == 0
        found.append(Probe(sent_ns, sent_ns + out_ns, sent_ns + out_ns + back_ns, lost))
    return found


def split(asked: list[Probe], changes_ns: list[int]) -> tuple[list[Exchange], list[Exchange]]:
    """Contrary and agreeing answers of a truth that toggles at each change."""
    groups: tuple[list[Exchange], list[Exchange]] = ([], [])
    for probe in asked:
        if not probe.lost:
            agrees = sum(probe.answered_ns >= c for c in changes_ns) % 2
            groups[agrees].append(Exchange(probe.sent_ns, probe.received_ns))
    return groups


@settings(max_examples=300, deadline=None)
@given(probes(), st.integers(0, 900 * MS))
def test_the_true_instant_of_a_change_lies_in_the_interval_whatever_is_late_lost_or_out_of_order(
    asked: list[Probe], changed_ns: int
) -> None:
    contrary, agreeing = split(asked, [changed_ns])
    interval = change(contrary, agreeing, floor_ns=0)
    assert changed_once(contrary, agreeing)
    assert interval.after_ns <= changed_ns
    if agreeing:
        assert interval.before_ns is not None
        assert changed_ns <= interval.before_ns
    else:
        assert interval.before_ns is None


@settings(max_examples=300, deadline=None)
@given(probes(), st.lists(st.integers(1, 900 * MS), min_size=1, max_size=7, unique=True))
def test_of_several_changes_the_interval_holds_one_that_the_first_agreeing_answer_can_have_seen(
    asked: list[Probe], changes_ns: list[int]
) -> None:
    changes_ns.sort()
    contrary, agreeing = split(asked, changes_ns)
    if changed_once(contrary, agreeing):
        return  # explained by one change; the other test's business
    interval = change(contrary, agreeing, floor_ns=0)
    rises = changes_ns[0::2]
    assert interval.before_ns is not None
    assert any(interval.after_ns <= rise <= interval.before_ns for rise in rises)


@settings(max_examples=200, deadline=None)
@given(probes(), st.lists(st.integers(1, 900 * MS), min_size=1, max_size=7, unique=True))
def test_the_stable_run_begins_after_every_contrary_answer_was_given(asked: list[Probe], changes_ns: list[int]) -> None:
    contrary, agreeing = split(asked, sorted(changes_ns))
    run = stable_run(contrary, agreeing)
    assert set(run) <= set(agreeing)
    if run and not changed_once(contrary, agreeing):
        assert min(a.sent_ns for a in run) >= max(c.received_ns for c in contrary)


def test_the_bounds_are_the_last_contrary_sent_and_the_first_agreeing_received() -> None:
    contrary = [Exchange(0, 2), Exchange(10, 14)]
    agreeing = [Exchange(20, 23), Exchange(30, 31)]
    assert change(contrary, agreeing, floor_ns=0) == Interval(10, 23)


def test_an_answer_that_overtakes_an_older_one_tightens_both_bounds() -> None:
    contrary = [Exchange(0, 40), Exchange(10, 12)]
    agreeing = [Exchange(20, 50), Exchange(30, 33)]
    assert change(contrary, agreeing, floor_ns=0) == Interval(10, 33)


def test_without_an_agreeing_answer_the_instant_is_censored_at_the_last_contrary_one() -> None:
    assert change([Exchange(0, 1), Exchange(10, 11)], [], floor_ns=0) == Interval(10, None)


def test_without_a_contrary_answer_the_floor_bounds_from_below() -> None:
    assert change([], [Exchange(20, 21)], floor_ns=7) == Interval(7, 21)


def test_each_contrary_answer_after_an_agreeing_one_is_a_flip() -> None:
    contrary = [Exchange(0, 1), Exchange(20, 21), Exchange(40, 41)]
    agreeing = [Exchange(10, 11), Exchange(30, 31), Exchange(50, 51)]
    assert flips(contrary, agreeing) == 2
    assert stable_run(contrary, agreeing) == [Exchange(50, 51)]
