"""dns-caching on the sandbox: what caches did to one deletion, and that its checkers can fail."""

import copy
from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("dns-caching")
OPTIONS = {"period_s": 0.05}
said = partial(lab.answer, EXPERIMENT)


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
    assert "until 29.00 s after it" in said(history, "stale-addresses")


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
    assert verdict(edited, "a-denial-is-kept") == "unknown"
    assert said(edited, "cache-share") == ""
    assert said(edited, "stale-addresses") == ""
