"""An outage is not an overload: who is gone is silent, who is overloaded answers some, or late, or too late."""

from array import array

import pytest

from chaos.engine.dns_health import Health, Heard, Usual, judge

MS = 1_000_000
A, B, SERVICE = ("local", "coredns-a"), ("local", "coredns-b"), ("local", "service")


def heard(ms: float = 1, *, answered: int = 100, lost: int = 0, too_late: int = 0) -> Heard:
    """So many questions, all of whose answers took about the same."""
    return Heard(array("q", [round(ms * MS)] * answered), lost, too_late)


WELL = heard()
GONE = heard(answered=0, lost=100)
DROPPED = heard(answered=70, lost=30)
LATE = heard(80)
TOO_LATE = heard(answered=0, lost=100, too_late=90)
USUAL = {key: Usual.of(WELL) for key in (A, B, SERVICE)}


@pytest.mark.parametrize(
    ("a", "b", "service", "quiet", "fault"),
    [
        (WELL, WELL, WELL, Health.WELL, Health.WELL),
        (DROPPED, DROPPED, DROPPED, Health.OVERLOADED, Health.OVERLOADED),
        (LATE, LATE, LATE, Health.OVERLOADED, Health.OVERLOADED),
        (TOO_LATE, TOO_LATE, GONE, Health.OVERLOADED, Health.OVERLOADED),  # a port of its own hears nothing too late
        (GONE, WELL, DROPPED, Health.UNSURE, Health.UNSURE),  # one server is gone
        (WELL, WELL, DROPPED, Health.UNSURE, Health.UNSURE),  # kube-proxy still leads to one that is gone
        (GONE, GONE, GONE, Health.OVERLOADED, Health.UNSURE),  # the node with both of them
        (GONE, DROPPED, DROPPED, Health.OVERLOADED, Health.UNSURE),
        (DROPPED, DROPPED, WELL, Health.UNSURE, Health.UNSURE),
    ],
)  # fmt: skip
def test_all_views_must_suffer_and_under_a_fault_each_server_must_show_that_it_is_there(
    a: Heard, b: Heard, service: Heard, quiet: Health, fault: Health
) -> None:
    views = {A: a, B: b, SERVICE: service}
    assert judge(views, USUAL) is quiet
    assert judge(views, USUAL, under_fault=True) is fault


def test_who_got_slower_until_nothing_came_in_time_is_not_gone() -> None:
    views = {A: GONE, B: GONE, SERVICE: GONE}
    assert judge(views, USUAL, under_fault=True, before=Health.OVERLOADED) is Health.OVERLOADED


@pytest.mark.parametrize(("found", "expected"), [(DROPPED, Health.UNSURE), (LATE, Health.OVERLOADED)])
def test_through_one_address_alone_losses_under_a_fault_may_be_those_of_a_server_that_is_gone(
    found: Heard, expected: Health
) -> None:
    """Answers that are late as well are not."""
    judged = judge({SERVICE: found}, USUAL, under_fault=True)
    assert judged is (expected if expected is Health.OVERLOADED else Health.WELL)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (heard(10.9), Health.WELL),  # a busy machine on this side
        (heard(11.1), Health.OVERLOADED),
        (heard(answered=95, lost=5), Health.WELL),
        (heard(answered=94, lost=6), Health.OVERLOADED),
        (Heard(array("q", [MS] * 85 + [60 * MS] * 15)), Health.OVERLOADED),  # the slowest tenth
    ],
)
def test_a_little_more_than_usual_is_no_overload(found: Heard, expected: Health) -> None:
    assert judge({A: found}, USUAL) is expected


def test_nothing_is_slow_where_nobody_knows_what_is_usual_and_a_loss_that_was_always_there_is_no_excuse() -> None:
    assert judge({A: LATE}, {}) is Health.WELL
    assert judge({A: DROPPED}, {A: Usual.of(DROPPED)}) is Health.OVERLOADED
    assert judge({}, USUAL) is Health.UNSURE
