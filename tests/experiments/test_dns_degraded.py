"""dns-degraded on the sandbox: late and lost answers as programs see them, and that its checkers can fail."""

import copy
import re
from dataclasses import replace
from functools import partial

import pytest

from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("dns-degraded")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
VERDICTS = (
    "losses-cost-the-timeout",
    "delays-are-the-servers",
    "retries-hide-losses",
    "nobody-else-is-disturbed",
    "put-back",
)
KEYS = ("intermittent-failures", "resolution-delays", "late-or-lost", "resolver-options")


def series(history: History, zone: str, program: str) -> list[int]:
    return [
        int(i)
        for _, what, d in history.marks
        if what == "program" and (d["zone"], d["program"]) == (zone, program)
        for i in d["series"]
    ]


def last_for(history: History, zone: str, program: str, seconds: float) -> None:
    """Slow lookups of a program took that long."""
    for series_id in series(history, zone, program):
        columns = history.samples[series_id]
        for position in range(len(columns)):
            if columns.received_ns[position] - columns.sent_ns[position] > 500_000_000:
                columns.received_ns[position] = columns.sent_ns[position] + round(seconds * 1e9)


def overwrite(history: History, zone: str, program: str, status: str) -> None:
    number = len(history.outcomes)
    history.outcomes.append(replace(history.outcomes[0], status=status))
    for series_id in series(history, zone, program):
        columns = history.samples[series_id]
        for position in range(len(columns)):
            columns.outcome[position] = number


def test_everything_is_as_the_hypothesis_says_and_put_back(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(VERDICTS, "ok")


def test_the_time_of_slow_lookups_tells_late_answers_from_lost_ones(history: History) -> None:
    told = said(history, "late-or-lost")
    assert "glibc's default 1.50 s where answers are late and 5.00 s where they are lost" in told
    assert "musl 1.50 s where answers are late and 2.50 s where they are lost" in told


def test_quantiles_are_printed_only_from_enough_lookups(history: History) -> None:
    assert "95th percentile 1.50 s" in said(history, "resolution-delays")
    few = copy.deepcopy(history)
    for position, (at_ns, what, details) in enumerate(few.marks):
        if what == "watching-ends":
            few.marks[position] = (at_ns - 20_000_000_000, what, details)
    assert "percentile" not in said(few, "resolution-delays")
    assert "longest 1.50 s" in said(few, "resolution-delays")


def test_losses_that_cost_something_else_than_the_timeout_fail(edited: History) -> None:
    last_for(edited, "lossy", "glibc's default", 3.3)
    assert verdicts(edited)["losses-cost-the-timeout"] == "fail"
    assert said(edited, "late-or-lost") == ""


def test_delays_that_are_not_the_servers_fail(edited: History) -> None:
    last_for(edited, "late", "glibc's default", 5.0)
    assert verdicts(edited)["delays-are-the-servers"] == "fail"
    assert said(edited, "late-or-lost") == ""


def test_retries_that_help_nobody_fail(edited: History) -> None:
    overwrite(edited, "lossy", "musl", "TIMEOUT")
    assert verdicts(edited)["retries-hide-losses"] == "fail"


def test_a_fault_that_reaches_other_names_fails(edited: History) -> None:
    overwrite(edited, "fine", "glibc's default", "SERVFAIL")
    assert verdicts(edited)["nobody-else-is-disturbed"] == "fail"


@pytest.mark.parametrize("change", [{"same_corefile": False}, {"servers": 1}, {"late": "NOERROR"}])
def test_what_is_not_put_back_fails(edited: History, change: dict[str, object]) -> None:
    next(d for _, what, d in edited.marks if what == "after").update(change)
    assert verdicts(edited)["put-back"] == "fail"


@pytest.mark.parametrize(
    ("status", "outcome"), [("TIMEOUT", "unknown"), ("ECONNREFUSED", "unknown"), ("NXDOMAIN", "ok"), ("SERVFAIL", "ok")]
)
@pytest.mark.parametrize("zone", ["late", "lossy"])
def test_silence_does_not_tell_that_a_zone_is_gone(edited: History, zone: str, status: str, outcome: str) -> None:
    next(d for _, what, d in edited.marks if what == "after")[zone] = status
    assert verdicts(edited)["put-back"] == outcome


def test_two_servers_are_not_said_to_help_or_not(history: History) -> None:
    told = said(history, "resolver-options")
    assert re.search(r"each asked up to twice: \d+ of 120 failed", told)
    assert "does not tell whether the second address helped" in told
    assert "or later than the program waits" in said(history, "intermittent-failures")


def test_what_was_not_measured_is_unknown_and_answers_nothing(edited: History) -> None:
    edited.marks[:] = [mark for mark in edited.marks if mark[1] not in ("watching-ends", "after")]
    assert verdicts(edited) == dict.fromkeys(VERDICTS, "unknown")
    assert [said(edited, key) for key in KEYS] == ["", "", "", ""]
