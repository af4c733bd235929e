"""dns-degraded on the sandbox: late and lost answers as programs see them, and that its checkers can fail."""

import re
from functools import partial

import pytest

from chaos.experiment import History, Note, Outcome, find_experiment
from chaos.model.event import WatchGap
from experiments.dns_degraded import After, Before, Measured, Program
from tests.edited import Edited, SeriesEdit
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


def program(history: History, zone: str, name: str) -> SeriesEdit:
    """The lookups of a program, in a copy."""
    edited = Edited(history)
    return edited.series(f"A {edited.notes(Program, zone=zone).read('name')} ({name})", probe="lookup")


def last_for(history: History, zone: str, name: str, seconds: float) -> History:
    """Slow lookups of a program took that long."""
    return program(history, zone, name).take(seconds, longer_than=0.5).history


def test_everything_is_as_the_hypothesis_says_and_put_back(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(VERDICTS, "ok")


def test_the_time_of_slow_lookups_tells_late_answers_from_lost_ones(history: History) -> None:
    told = said(history, "late-or-lost")
    assert "| glibc's default | 1.50 s | 5.00 s |" in told
    assert "| musl | 1.50 s | 2.50 s |" in told
    assert "| timeout:1 attempts:3 | 1.00 s | 1.00 s |" in told
    assert "timeout:1 attempts:3 tells nothing here" in told
    assert "is the client's own timeout: a query was lost, or the server is slower than that" in told


def test_the_headline_says_how_many_lookups_failed_where_queries_are_lost(history: History) -> None:
    told = r"took 1\.50 s where .*, and 5\.00 s where .* There \d+ of 120 lookups failed, after 10\.00 s or longer\.$"
    assert re.search(told, lab.headline(EXPERIMENT, history))
    lossy = program(history, "lossy", "glibc's default")
    fine = lossy.replace(lambda outcome: outcome.status == "TIMEOUT", lossy.told("NOERROR")).history
    assert "failed" not in lab.headline(EXPERIMENT, fine)


def test_the_first_sentences_answer_their_questions(history: History) -> None:
    assert said(history, "intermittent-failures").startswith("Here it is DNS: ")
    assert said(history, "resolution-delays").startswith("A program that waits sees the server's delay")
    assert said(history, "resolver-options").startswith("Further attempts turn failures into waits")
    single = program(history, "lossy", "one try of 1 s")
    fine = single.say(single.told("NOERROR")).history
    assert "Here it is DNS" not in said(fine, "intermittent-failures")
    assert "turn failures into waits" not in said(fine, "resolver-options")


def test_quantiles_are_printed_only_from_enough_lookups(history: History) -> None:
    row = r"\| glibc's default \| 0 of \d+ \| \d\.\d+ m?s \| {p95} \| 1\.50 s \|"
    assert re.search(row.format(p95=r"1\.50 s"), said(history, "resolution-delays"))
    edited = Edited(history)
    few = edited.notes(Measured).say(to_ns=edited.notes(Measured).read("to_ns") - 20_000_000_000).history
    assert re.search(row.format(p95="-"), said(few, "resolution-delays"))


def test_losses_that_cost_something_else_than_the_timeout_fail(history: History) -> None:
    edited = last_for(history, "lossy", "glibc's default", 3.3)
    assert verdicts(edited)["losses-cost-the-timeout"] == "fail"
    assert said(edited, "late-or-lost") == ""


def test_delays_that_are_not_the_servers_fail(history: History) -> None:
    edited = last_for(history, "late", "glibc's default", 5.0)
    assert verdicts(edited)["delays-are-the-servers"] == "fail"
    assert said(edited, "resolution-delays").startswith("The server answers one query in 3")
    assert said(edited, "late-or-lost") == ""


@pytest.mark.parametrize(
    ("zone", "name", "checker", "seconds", "outcome"),
    [
        ("late", "glibc's default", "delays-are-the-servers", 1.479999999, "fail"),
        ("late", "glibc's default", "delays-are-the-servers", 1.48, "ok"),
        ("late", "glibc's default", "delays-are-the-servers", 1.9, "ok"),
        ("late", "glibc's default", "delays-are-the-servers", 1.900000001, "fail"),
        ("lossy", "musl", "losses-cost-the-timeout", 2.479999999, "fail"),
        ("lossy", "musl", "losses-cost-the-timeout", 2.48, "ok"),
        ("lossy", "musl", "losses-cost-the-timeout", 2.9, "ok"),
        ("lossy", "musl", "losses-cost-the-timeout", 2.900000001, "fail"),
    ],
)
def test_a_slow_lookup_ends_at_its_step_within_what_a_busy_machine_may_add(
    history: History, zone: str, name: str, checker: str, seconds: float, outcome: str
) -> None:
    assert verdicts(last_for(history, zone, name, seconds))[checker] == outcome


@pytest.mark.parametrize(("others", "outcome"), [(1, "ok"), (2, "fail")])
def test_one_slow_lookup_in_ten_may_have_taken_another_time_and_no_more(
    history: History, others: int, outcome: str
) -> None:
    patient = program(history, "late", "glibc's default")
    edited = patient.take(0.001, longer_than=0.5)
    began_s = edited.seconds(edited.notes(Measured).read("from_ns"))
    found = patient.took([5.0] * others + [1.5] * (10 - others), after=began_s).history
    assert verdicts(found)["delays-are-the-servers"] == outcome


@pytest.mark.parametrize("status", ["SERVFAIL", "ECONNREFUSED"])
def test_a_hasty_program_that_always_was_in_time_fails_and_of_failures_of_another_kind_it_is_not_known(
    history: History, status: str
) -> None:
    hasty = program(history, "late", "one try of 1 s")
    good = hasty.told("NOERROR")
    assert verdicts(hasty.say(good).history)["delays-are-the-servers"] == "fail"
    other = hasty.say_once(Outcome(status), 20).history
    assert verdicts(other)["delays-are-the-servers"] == "unknown"


def test_where_no_late_answer_or_none_in_time_was_seen_nothing_is_known_of_delays(history: History) -> None:
    fast = program(history, "late", "glibc's default").take(0.001, longer_than=0.5).history
    deaf = program(history, "late", "one try of 1 s").say(Outcome("TIMEOUT", "answer", detail="1 query")).history
    assert {verdicts(one)["delays-are-the-servers"] for one in (fast, deaf)} == {"unknown"}


def test_failures_are_told_by_their_kind_and_as_a_time_that_was_longer(history: History) -> None:
    told = said(history, "resolution-delays")
    assert re.search(r"\| one try of 1 s \| \d+ of 120 \(TIMEOUT\) \| .* \| > 1\.00 s \|\n", told)
    assert "| glibc's default | 0 of 120 | " in told


@pytest.mark.parametrize(("status", "outcome"), [("SERVFAIL", "fail"), ("TIMEOUT", "unknown")])
def test_a_patient_program_that_was_told_of_a_failure_fails(history: History, status: str, outcome: str) -> None:
    patient = program(history, "late", "glibc's default")
    edited = patient.say_sometimes(Outcome(status), lambda n: n % 10 == 0, after=-1e9, before=1e9).history
    assert verdicts(edited)["delays-are-the-servers"] == outcome


def test_retries_that_help_nobody_fail(history: History) -> None:
    edited = program(history, "lossy", "musl").say(Outcome("TIMEOUT", detail="2 queries")).history
    assert verdicts(edited)["retries-hide-losses"] == "fail"


@pytest.mark.parametrize("all_fail", [True, False])
def test_where_single_tries_all_fail_or_none_does_nothing_is_known_of_retries(history: History, all_fail: bool) -> None:
    single = program(history, "lossy", "one try of 1 s")
    edited = single.say(Outcome("TIMEOUT", "answer", detail="1 query") if all_fail else single.told("NOERROR"))
    assert verdicts(edited.history)["retries-hide-losses"] == "unknown"


def test_of_retries_only_what_was_counted_is_told(history: History) -> None:
    told = lab.summary(EXPERIMENT, history, "retries-hide-losses")
    assert re.search(r"glibc's default: \d+ of \d+ lookups that had to ask again were answered\. ", told)
    assert "confidence" not in told


def test_where_no_lookup_asked_again_nothing_is_known_of_retries(history: History) -> None:
    musl = program(history, "lossy", "musl")
    first = next(outcome for outcome in musl.outcomes() if outcome.detail.startswith("1 "))
    assert verdicts(musl.say(first).history)["retries-hide-losses"] == "unknown"


def test_a_single_lookup_that_asked_again_and_was_answered_shows_that_retries_help(history: History) -> None:
    musl = program(history, "lossy", "musl")
    first = next(outcome for outcome in musl.outcomes() if outcome.detail.startswith("1 "))
    again = Outcome("NOERROR", values=first.values, detail="2 queries")
    few = musl.say(first).series(musl.series[0].record).say_once(again, 40).history
    assert verdicts(few)["retries-hide-losses"] == "ok"
    assert "musl: 1 of 1 lookup that had to ask again" in lab.summary(EXPERIMENT, few, "retries-hide-losses")


@pytest.mark.parametrize(("status", "outcome"), [("SERVFAIL", "fail"), ("TIMEOUT", "unknown")])
def test_a_fault_that_reaches_other_names_fails_and_silence_does_not(
    history: History, status: str, outcome: str
) -> None:
    edited = program(history, "fine", "glibc's default").say(Outcome(status, detail="1 query")).history
    assert verdicts(edited)["nobody-else-is-disturbed"] == outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(1.5, "fail"), (5.0, "unknown")])
def test_another_name_that_is_late_fails_and_one_that_may_have_lost_a_packet_does_not(
    history: History, seconds: float, outcome: str
) -> None:
    edited = program(history, "fine", "glibc's default").take(seconds, longer_than=0.0).history
    assert verdicts(edited)["nobody-else-is-disturbed"] == outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(0.5, "ok"), (0.500000001, "fail")])
def test_a_lookup_is_slow_above_half_a_second(history: History, seconds: float, outcome: str) -> None:
    edited = program(history, "fine", "glibc's default").take(seconds, longer_than=0.0).history
    assert verdicts(edited)["nobody-else-is-disturbed"] == outcome


@pytest.mark.parametrize(
    ("kind", "end", "later_ns", "outcome"),
    [
        ("EndpointSlice", "from_ns", -1, "ok"),
        ("EndpointSlice", "from_ns", 0, "fail"),
        ("EndpointSlice", "to_ns", 0, "fail"),
        ("EndpointSlice", "to_ns", 1, "ok"),
        ("Pod", "from_ns", 1, "ok"),
    ],
)
def test_an_endpoint_that_changes_while_lookups_are_measured_fails_and_another_time_or_object_does_not(
    history: History, kind: str, end: str, later_ns: int, outcome: str
) -> None:
    edited = Edited(history)
    found = edited.event_again(kind, edited.notes(Measured).read(end) + later_ns).history
    assert verdicts(found)["nobody-else-is-disturbed"] == outcome


def test_endpoints_that_were_not_watched_all_the_time_are_not_said_to_be_the_same(edited: History) -> None:
    span = next(details for _, what, details in edited.marks if what == Measured.kind)
    edited.gaps.append(WatchGap("EndpointSlice", span["from_ns"], span["from_ns"] + 1, "cut"))
    assert verdicts(edited)["nobody-else-is-disturbed"] == "unknown"
    assert said(edited, "intermittent-failures") == ""


@pytest.mark.parametrize("change", [{"same_corefile": False}, {"servers": 1}, {"late": "NOERROR"}])
def test_what_is_not_put_back_fails(history: History, change: dict[str, object]) -> None:
    assert verdicts(Edited(history).notes(After).say(**change).history)["put-back"] == "fail"


@pytest.mark.parametrize(
    ("status", "outcome"), [("TIMEOUT", "unknown"), ("ECONNREFUSED", "unknown"), ("NXDOMAIN", "ok"), ("SERVFAIL", "ok")]
)
@pytest.mark.parametrize("zone", ["late", "lossy"])
def test_silence_does_not_tell_that_a_zone_is_gone(history: History, zone: str, status: str, outcome: str) -> None:
    assert verdicts(Edited(history).notes(After).say(**{zone: status}).history)["put-back"] == outcome


def test_two_servers_are_not_said_to_help_or_not(history: History) -> None:
    told = said(history, "resolver-options")
    assert re.search(r"\| two servers \| \d+ of 120", told)
    assert "does not tell whether the second address helped" in told
    assert "or a server that is slower than the program waits" in said(history, "intermittent-failures")


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        (Before, {"put-back"}),
        (Program, set(VERDICTS) - {"put-back"}),
        (Measured, set(VERDICTS) - {"put-back"}),
        (After, {"put-back"}),
    ],
)
def test_what_was_not_written_down_is_unknown(history: History, kind: type[Note], unknown: set[str]) -> None:
    assert lab.not_judged_without(EXPERIMENT, history, kind) == unknown


def test_silence_from_the_change_on_says_nothing(history: History) -> None:
    silent = Edited(history).silent().history
    assert {name for name, outcome in verdicts(silent).items() if outcome != "unknown"} == {"put-back"}
    assert said(silent, "late-or-lost") == ""


def test_what_was_not_measured_answers_nothing(history: History) -> None:
    without = Edited(history).notes(Measured).drop().history
    assert [said(without, key) for key in KEYS] == ["", "", "", ""]
