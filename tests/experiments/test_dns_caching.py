"""dns-caching on the sandbox: what caches did to one deletion, and that its checkers can fail."""

import copy
import re
from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("dns-caching")
OPTIONS = {"period_s": 0.05}
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)


def verdict(history: History, name: str) -> str:
    return lab.verdicts(EXPERIMENT, history)[name]


def arm(history: History, name: str) -> int:
    return next(int(d["series"][0]) for _, what, d in history.marks if what == "arm" and d["arm"] == name)


def test_a_dense_asker_behind_a_cache_waits_for_its_own_denial_and_a_sparse_one_does_not(history: History) -> None:
    assert verdict(history, "late-by-its-lifetime-at-most") == "ok"
    assert verdict(history, "a-denial-is-kept") == "ok"
    share = said(history, "cache-share")
    assert "told NXDOMAIN, and kept that for the 30 s" in share
    assert "never heard of the outage" in share


def test_who_asked_just_before_is_given_the_old_address_until_its_ttl_is_over(history: History) -> None:
    told = said(history, "stale-addresses")
    assert "until 29.00 s after it" in told
    assert re.search(r"never saw the name vanish, and sent its clients to a pod that was gone after 0\.\d+ s", told)


def test_who_saw_the_name_vanish_or_a_pod_that_was_not_gone_is_told_as_that(edited: History) -> None:
    edited.events[:] = [event for event in edited.events if event.type != "DELETED"]
    assert "it never saw the name vanish. " in said(edited, "stale-addresses")
    denial = next(i for i, outcome in enumerate(edited.outcomes) if outcome.status == "NXDOMAIN")
    samples = edited.samples[arm(edited, "cached, just asked")]
    samples.outcome[40] = denial
    told = said(edited, "stale-addresses")
    assert "gave the old address" in told
    assert "never saw" not in told


def test_who_asks_the_server_itself_but_seldom_is_late_by_its_period_at_most(history: History) -> None:
    assert verdict(history, "late-by-its-period-at-most") == "ok"
    assert "Asked directly but only every 7.20 s, they gave it after 6." in said(history, "cache-share")
    late = copy.deepcopy(history)
    columns = late.samples[arm(late, "direct, seldom")]
    for position in range(len(columns) - 1):
        columns.outcome[position] = columns.outcome[0]
    assert verdict(late, "late-by-its-period-at-most") == "fail"
    assert "Asked directly" not in said(late, "cache-share")
    late.samples[arm(late, "direct, seldom")] = type(columns)()
    late.marks[:] = [mark for mark in late.marks if not (mark[1] == "arm" and mark[2]["arm"] == "direct, seldom")]
    assert verdict(late, "late-by-its-period-at-most") == "unknown"


def test_a_lost_question_about_lifetimes_and_a_cache_that_was_told_nothing_are_told_as_that(history: History) -> None:
    for change in ({"denial": "TIMEOUT"}, {"denial_ttl_s": 0}, {"answer_ttl_s": 0}):
        assert said(lab.edit(history, "lifetimes", {}, **change), "lifetimes") == ""
    assert "that asked in between" in headline(history)
    deaf = copy.deepcopy(history)
    columns = deaf.samples[arm(deaf, "cached, often")]
    for position in range(len(columns)):
        if deaf.outcomes[columns.outcome[position]].status == "NXDOMAIN":
            columns.outcome[position] = columns.outcome[0]
    assert "that asked in between" not in headline(deaf)


def test_the_report_says_what_coredns_itself_keeps(history: History) -> None:
    assert "success and denial disabled for it" in said(history, "lifetimes")
    history = copy.deepcopy(history)
    history.meta.environment["corefile"] = ".:53 {\n kubernetes cluster.local {\n ttl 30\n }\n cache 30\n}\n"
    assert "keeps answers for up to 30 s and denials for up to 30 s" in said(history, "lifetimes")


def test_a_cache_that_keeps_an_answer_too_long_fails(edited: History) -> None:
    samples = edited.samples[arm(edited, "cached, just asked")]
    old = samples.outcome[0]
    for position in range(len(samples) - 20):  # it lasts to the end of the run
        samples.outcome[position] = old
    edited.outcomes[old] = type(edited.outcomes[old])("NOERROR", values=edited.outcomes[old].values, ttl=5)
    assert verdict(edited, "late-by-its-lifetime-at-most") == "fail"


def test_a_denial_that_is_not_kept_fails(edited: History) -> None:
    samples = edited.samples[arm(edited, "cached, newcomer")]
    new = samples.outcome[len(samples) - 1]
    for position in range(10, len(samples)):
        samples.outcome[position] = new
    assert verdict(edited, "a-denial-is-kept") == "fail"


def test_without_the_deletion_nothing_is_claimed(edited: History) -> None:
    edited.marks[:] = [mark for mark in edited.marks if mark[1] != "replaced"]
    assert verdict(edited, "late-by-its-lifetime-at-most") == "unknown"
    assert verdict(edited, "late-by-its-period-at-most") == "unknown"
    assert verdict(edited, "a-denial-is-kept") == "unknown"
    assert said(edited, "cache-share") == ""
    assert said(edited, "stale-addresses") == ""
