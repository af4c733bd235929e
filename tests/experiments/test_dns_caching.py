"""dns-caching on the sandbox: what caches did to one deletion, and that its checkers can fail."""

import copy
import re
from dataclasses import replace
from functools import partial

import pytest

from chaos.experiment import History, Note, Outcome, Reading, find_experiment, tolerated_gap_ns
from experiments.dns_caching import DENSE_S, Lifetimes, Replaced
from tests.edited import Edited, SeriesEdit
from tests.experiments import lab

EXPERIMENT = find_experiment("dns-caching")
OPTIONS = {"period_s": 0.05}
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)


def verdict(history: History, name: str) -> str:
    return lab.verdicts(EXPERIMENT, history)[name]


OWN = ("late-by-its-lifetime-at-most", "late-by-its-period-at-most", "a-denial-is-kept")


def arm(history: History, name: str) -> SeriesEdit:
    """The series of a way of asking, in a copy."""
    return Edited(history).series(f"A web-1.web ({name})")


def right(history: History) -> Outcome:
    """The answer that has the new address."""
    return Edited(history).series("A web-1.web", "service").outcomes()[-1]


def right_soon(history: History) -> Edited:
    """A copy in which who asked the server itself was told NXDOMAIN until 1.1 s, and the new address at 1.15 s."""
    direct = Edited(history).series("A web-1.web", "service")
    direct.say(direct.told("NXDOMAIN"), after=0.5, before=1.5)
    return direct.turn(right(history), sent=1.1, received=1.15)


def test_a_dense_asker_behind_a_cache_waits_for_its_own_denial_and_a_sparse_one_does_not(history: History) -> None:
    assert verdict(history, "late-by-its-lifetime-at-most") == "ok"
    assert verdict(history, "a-denial-is-kept") == "ok"
    share = said(history, "cache-share")
    assert "it was told NXDOMAIN. It may keep that for 30 s." in share
    assert "gave no NXDOMAIN, and the new address" in share


def test_who_asked_just_before_is_given_the_old_address_until_its_ttl_is_over(history: History) -> None:
    told = said(history, "stale-addresses")
    when = r"between 2[89]\.\d\d and 29\.\d\d s after the deletion"
    assert re.search(rf"gave 10\.[\d.]+ until it gave 10\.[\d.]+, {when}\. It never gave NXDOMAIN\.", told)
    assert "dead" not in told
    assert re.search(
        r"never gave NXDOMAIN\. The old pod was gone at most 0\.\d+ s after the deletion, so from then on", told
    )


def seconds_of_old(history: History) -> list[float]:
    """When the old address was asked for and given, since the deletion was accepted."""
    fresh = arm(history, "cached, just asked")
    old, zero_ns = Edited(history).notes(Replaced).read("old"), history.faults[0].accepted_ns or 0
    rows = Reading(history).samples(fresh.series[0])
    return [(row.sent_ns - zero_ns) / 1e9 for row in rows if row.outcome.values == (old,)]


def test_who_saw_the_name_vanish_or_a_pod_that_was_not_gone_is_told_as_that(edited: History) -> None:
    edited.events[:] = [event for event in edited.events if event.kind != "Pod"]
    told = said(edited, "stale-addresses")
    assert "It never gave NXDOMAIN. " in told
    assert "was gone" not in told
    fresh = arm(edited, "cached, just asked")
    denial = next(outcome for outcome in edited.outcomes if outcome.status == "NXDOMAIN")
    edited = fresh.say(denial, after=1.0, before=1.05).history
    told = said(edited, "stale-addresses")
    last_s = max(seconds_of_old(edited))
    least = re.search(r"before the deletion still gave 10\.[\d.]+ at least (\d+\.\d\d) s after it\.", told)
    assert least
    assert float(least[1]) <= last_s
    assert "never gave" not in told


def test_who_asks_the_server_itself_but_seldom_is_late_by_its_period_at_most(history: History) -> None:
    assert verdict(history, "late-by-its-period-at-most") == "ok"
    assert "Asked directly every 7.20 s, DNS gave the new address at most 6." in said(history, "cache-share")
    assert "Asking no more often" not in said(history, "cache-share")
    seldom = arm(history, "direct, seldom")
    late = seldom.say(seldom.outcomes()[0], before=14.0).history
    assert verdict(late, "late-by-its-period-at-most") == "fail"
    assert "Asked directly" not in said(late, "cache-share")
    assert verdict(arm(history, "direct, seldom").never_asked().history, "late-by-its-period-at-most") == "unknown"


def test_a_lost_question_about_lifetimes_and_a_cache_that_was_told_nothing_are_told_as_that(history: History) -> None:
    for change in ({"denial": "TIMEOUT"}, {"denial_ttl_s": 0}, {"answer_ttl_s": 0}):
        assert said(Edited(history).notes(Lifetimes).say(**change).history, "lifetimes") == ""
    assert "that asked during the outage" in headline(history)
    harm = (
        r"A cache that had asked 1 s before the deletion still gave the old address at least (\d+\.\d\d) s after it\.$"
    )
    assert 27 < float(re.search(harm, headline(history))[1]) <= max(seconds_of_old(history))  # type: ignore[index]
    often = arm(history, "cached, often")
    deaf = often.replace(lambda outcome: outcome.status == "NXDOMAIN", often.outcomes()[0]).history
    assert "that asked during the outage" not in headline(deaf)


def test_the_report_says_what_coredns_itself_keeps(history: History) -> None:
    assert "success and denial disabled for it" in said(history, "lifetimes")
    kept = "Of reverse names (in-addr.arpa) it keeps answers for up to 30 s and denials for up to 30 s."
    assert kept in said(history, "lifetimes")
    history = copy.deepcopy(history)
    history.meta.environment["corefile"] = ".:53 {\n kubernetes cluster.local {\n ttl 30\n }\n cache 30\n}\n"
    assert "keeps answers for up to 30 s and denials for up to 30 s" in said(history, "lifetimes")
    assert "in-addr.arpa" not in said(history, "lifetimes")


def test_a_cache_that_keeps_an_answer_too_long_fails(history: History) -> None:
    fresh = arm(history, "cached, just asked")
    short = replace(fresh.outcomes()[0], ttl=5)
    assert verdict(fresh.say(short, before=29.0).history, "late-by-its-lifetime-at-most") == "fail"


def test_a_denial_that_is_not_kept_fails(history: History) -> None:
    newcomer = arm(history, "cached, newcomer")
    assert verdict(newcomer.say(newcomer.outcomes()[-1], after=1.5).history, "a-denial-is-kept") == "fail"


@pytest.mark.parametrize("name", ["cached, often", "cached, just asked", "cached, newcomer"])
def test_a_way_of_asking_that_was_not_heard_to_the_end_is_neither_late_nor_in_time(history: History, name: str) -> None:
    silent = arm(history, name).say(replace(history.outcomes[0], status="TIMEOUT", values=()), after=1.0).history
    assert verdict(silent, "late-by-its-lifetime-at-most") == "unknown"


@pytest.mark.parametrize(
    ("sent", "received", "outcome"),
    [(9.2, 9.3, "ok"), (9.2, 9.300000001, "unknown"), (9.35, 9.4, "unknown"), (9.350000001, 9.4, "fail")],
)
def test_how_late_is_too_late_is_counted_from_the_first_right_answer_of_the_server_itself(
    history: History, sent: float, received: float, outcome: str
) -> None:
    seldom = right_soon(history).series("A web-1.web (direct, seldom)")
    seldom.say(seldom.outcomes()[0])
    late = seldom.turn(right(history), sent=sent, received=received).history
    assert verdict(late, "late-by-its-period-at-most") == outcome


@pytest.mark.parametrize(
    ("sent", "received", "outcome"),
    [(2.15, 2.2, "ok"), (2.149999999, 2.2, "unknown"), (2.08, 2.1, "unknown"), (2.08, 2.099999999, "fail")],
)
def test_a_denial_was_kept_where_it_made_its_client_later_by_a_second(
    history: History, sent: float, received: float, outcome: str
) -> None:
    newcomer = right_soon(history).series("A web-1.web (cached, newcomer)")
    kept = newcomer.turn(right(history), sent=sent, received=received).history
    assert verdict(kept, "a-denial-is-kept") == outcome


def test_only_the_address_that_caches_ask_too_is_what_they_are_compared_with(history: History) -> None:
    edited = Edited(history)
    view = next(s.view for s in history.series if s.record == "A web-1.web" and s.view != "service")
    late = edited.series("A web-1.web", view).turn(right(history), sent=28.0, received=28.04).history
    assert lab.verdicts(EXPERIMENT, late) == dict.fromkeys(OWN, "ok")


@pytest.mark.parametrize("before", [14.0, 1e9])
def test_of_two_vantages_the_one_that_was_right_last_or_never_counts(history: History, before: float) -> None:
    old = arm(history, "direct, seldom").outcomes()[0]
    seldom = Edited(history).also_from("elsewhere").series("A web-1.web (direct, seldom)", vantage="elsewhere")
    assert verdict(seldom.say(old, before=before).history, "late-by-its-period-at-most") == "fail"


@pytest.mark.parametrize(("later_ns", "outcome"), [(0, "ok"), (1, "unknown")])
def test_a_client_is_heard_to_the_end_with_a_gap_that_is_tolerated_and_no_longer_one(
    history: History, later_ns: int, outcome: str
) -> None:
    edited = Edited(history)
    asked = ("cached, often", "cached, just asked", "cached, newcomer")
    last_ns = [max(arm(history, name).sent_ns("NOERROR")) for name in asked]
    last_ns.append(max(edited.series("A web-1.web", "service").sent_ns("NOERROR")))
    end_ns = min(last_ns) + tolerated_gap_ns(Reading(history), DENSE_S) + later_ns
    edited.history.faults[:] = [replace(fault, ended_ns=end_ns) for fault in history.faults]
    assert verdict(edited.history, "a-denial-is-kept") == outcome


def test_silence_from_the_deletion_on_says_nothing(history: History) -> None:
    silent = Edited(history).silent().history
    assert lab.verdicts(EXPERIMENT, silent) == dict.fromkeys(OWN, "unknown")
    assert [said(silent, key) for key in ("cache-share", "stale-addresses")] == ["", ""]


@pytest.mark.parametrize(("kind", "unknown"), [(Replaced, set(OWN)), (Lifetimes, set())])
def test_what_was_not_written_down_is_unknown(history: History, kind: type[Note], unknown: set[str]) -> None:
    assert lab.not_judged_without(EXPERIMENT, history, kind) == unknown
    without = Edited(history).notes(kind).drop().history
    answered = {key: bool(said(without, key)) for key in ("cache-share", "stale-addresses", "lifetimes")}
    assert answered == {
        "cache-share": kind is Lifetimes,
        "stale-addresses": kind is Lifetimes,
        "lifetimes": kind is Replaced,
    }
