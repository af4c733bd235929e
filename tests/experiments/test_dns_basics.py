"""dns-basics on the sandbox: what a pod is told, what names cost, and that its checkers can fail."""

from functools import partial
from typing import Any

import pytest

from chaos.experiment import History, Note, ReadConf, find_experiment
from experiments.dns_basics import AFTER, ApiAddress, Cost, DirectLookup, PodFetch, PodLookup, Reached, Replaced
from tests.edited import Edited
from tests.experiments import lab

OPTIONS = {"period_s": 0.05}
EXPERIMENT = find_experiment("dns-basics")
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)


def verdict(history: History, name: str) -> str:
    return lab.verdicts(EXPERIMENT, history)[name]


def edit(history: History, kind: type[Note], where: dict[str, Any], **values: Any) -> History:
    """A copy with other values in the notes of a kind."""
    return Edited(history).notes(kind, **where).say(**values).history


def test_everything_holds_on_the_sandbox(history: History) -> None:
    for name in (
        "resolver-as-documented",
        "kubernetes-resolves",
        "outside-as-the-cluster-says",
        "short-names-lead-home",
        "name-follows-the-pod",
    ):
        assert verdict(history, name) == "ok", name


def test_the_lookups_are_told_with_their_cost(history: History) -> None:
    told = said(history, "lookups-told")
    assert "kubernetes.default.svc.cluster.local is 10.96.0.1" in told
    assert "google.com is 203.0.113.10: that address is nobody's on the internet, so a stand-in answers for" in told
    assert "Names outside" not in lab.headline(EXPERIMENT, history)
    assert "`web`: 2 queries; `web-0.web`: 2 queries; `web." in told
    assert ".svc.cluster.local`: 8 queries; `web." in told
    assert "`google.com`: 8 queries; `google.com.`: 2 queries." in told
    real = Edited(history).notes(PodLookup, asked="google.com").say(addresses=["142.250.1.100"]).history
    assert "google.com is 142.250.1.100: that address shows that cluster DNS resolves names outside" in said(
        real, "lookups-told"
    )
    assert "Names outside resolved too." in lab.headline(EXPERIMENT, real)
    assert "nslookup says NXDOMAIN for web-0.web; wget in the same pod gets 'Hello from web-0'" in told


def test_a_name_is_followed_and_an_address_is_not(history: History) -> None:
    assert "After web-0 was replaced it resolved the same name to 10.244." in said(history, "replica-finds-primary")
    changed = said(history, "names-changed")
    assert "All 5 connections to the old address ended with TIMEOUT (connect)." in changed
    assert "All 5 connections by name reached web-0. A cache may give the old address for up to 30 s." in changed
    assert "the cluster DNS address answered NXDOMAIN, which a cache may keep for 30 s" in changed
    assert "A C library sends 8 queries for it, the last answered with NXDOMAIN." in changed
    mixed = edit(history, Reached, {"by": "name", "when": "after"}, answered={"web-0": 4, "TIMEOUT (connect)": 1})
    assert "Of 5 connections by name: 1 were TIMEOUT (connect), 4 to web-0." in said(mixed, "names-changed")
    again = Edited(history).notes(Cost, of="a name that is no more").say(status="SERVFAIL").history
    assert "for it, the last answered with SERVFAIL." in said(again, "names-changed")


def test_another_search_list_or_ndots_fails(history: History) -> None:
    for values, outcome in (
        ({"ndots": 1}, "fail"),
        ({"search": ["example.org"]}, "fail"),
        ({"nameservers": ["169.254.20.10"]}, "unknown"),
        ({"exit_code": 1}, "unknown"),
    ):
        assert verdict(edit(history, ReadConf, {}, **values), "resolver-as-documented") == outcome


@pytest.mark.parametrize(
    ("search", "told"),
    [
        (["chaos", "svc.cluster.local", "cluster.local"], "chaos, svc.cluster.local, cluster.local"),
        (["a.svc.cluster.local", "svc.cluster.local", "example"], "a.svc.cluster.local, svc.cluster.local, example"),
        ([], "empty"),
    ],
)
def test_a_search_list_that_does_not_lead_from_the_namespace_to_the_domain_is_told(
    history: History, search: list[str], told: str
) -> None:
    found = edit(history, ReadConf, {}, search=search)
    assert verdict(found, "resolver-as-documented") == "fail"
    assert f"the search list is {told}" in lab.summary(EXPERIMENT, found, "resolver-as-documented")


def test_a_server_that_is_not_the_clusters_is_not_called_that(history: History) -> None:
    assert "(10.96.0.10: the cluster's DNS service)" in said(history, "lookups-told")
    cached = edit(history, ReadConf, {}, nameservers=["169.254.20.10"])
    assert "/etc/resolv.conf (169.254.20.10). " in said(cached, "lookups-told")


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        (PodLookup, {"of": "service, full name"}),
        (DirectLookup, {"view": "service", "of": "kubernetes.default.svc.cluster.local"}),
    ],
)
def test_a_wrong_address_fails_wherever_it_is_and_silence_does_not(
    history: History, kind: type[Note], where: dict[str, str]
) -> None:
    values = "addresses" if kind is PodLookup else "values"
    wrong = edit(history, kind, where, **{values: ["10.0.0.1"]})
    assert verdict(wrong, "kubernetes-resolves") == "fail"
    assert "10.0.0.1" in lab.summary(EXPERIMENT, wrong, "kubernetes-resolves")
    for status in ("TIMEOUT", "SERVFAIL"):
        found = edit(history, kind, where, status=status, **{values: []})
        assert verdict(found, "kubernetes-resolves") == "unknown"


@pytest.mark.parametrize(("status", "outcome"), [("NXDOMAIN", "fail"), ("SERVFAIL", "unknown"), ("TIMEOUT", "unknown")])
def test_a_pod_that_is_told_otherwise_than_the_cluster_fails(history: History, status: str, outcome: str) -> None:
    found = edit(history, PodLookup, {"of": "outside"}, status=status, addresses=[])
    assert verdict(found, "outside-as-the-cluster-says") == outcome


@pytest.mark.parametrize(("exit_code", "outcome"), [(0, "fail"), (139, "unknown")])
def test_a_lookup_that_failed_without_a_word_is_no_denial(history: History, exit_code: int, outcome: str) -> None:
    for of, name in (("service, full name", "kubernetes-resolves"), ("outside", "outside-as-the-cluster-says")):
        found = edit(history, PodLookup, {"of": of}, status="NODATA", addresses=[], exit_code=exit_code)
        assert verdict(found, name) == outcome


@pytest.mark.parametrize(("status", "outcome"), [("SERVFAIL", "ok"), ("NODATA", "ok"), ("TIMEOUT", "unknown")])
def test_the_same_error_is_the_same_and_silence_on_both_sides_is_not(
    history: History, status: str, outcome: str
) -> None:
    direct = Edited(history)
    for name in ("google.com", "example.com"):
        direct.notes(DirectLookup, of=name).say(status=status, values=[])
    found = edit(direct.history, PodLookup, {"of": "outside"}, status=status, addresses=[])
    assert verdict(found, "outside-as-the-cluster-says") == outcome


def test_two_failures_that_differ_are_unknown_and_a_denial_is_told_as_one(history: History) -> None:
    failing = edit(history, DirectLookup, {}, status="SERVFAIL", values=[])
    found = edit(failing, PodLookup, {"of": "outside"}, status="NXDOMAIN", addresses=[])
    assert verdict(found, "outside-as-the-cluster-says") == "unknown"
    told = said(found, "lookups-told")
    assert "google.com was answered with NXDOMAIN: there is no such name." in told
    assert "No name outside was resolved" not in told
    for status in ("NODATA", "SERVFAIL"):
        unanswered = edit(found, PodLookup, {"of": "outside"}, status=status, exit_code=1)
        assert "No name outside was resolved" in said(unanswered, "lookups-told")
        assert "has no `forward`" not in said(unanswered, "lookups-told")
        unanswered.meta.environment["corefile"] = ".:53 {\n    kubernetes cluster.local\n    # forward . 9.9.9.9\n}\n"
        assert "has no `forward`" in said(unanswered, "lookups-told")
        unanswered.meta.environment["corefile"] = ".:53 {\n    forward . /etc/resolv.conf\n}\n"
        assert "has no `forward`" not in said(unanswered, "lookups-told")


@pytest.mark.parametrize("words", ["", "wget: can't connect to remote host (10.0.0.1): Connection refused"])
def test_a_name_of_which_nothing_was_said_is_unknown(history: History, words: str) -> None:
    for of in ("pod, bare", "pod, short", "pod, full name"):
        found = edit(history, PodFetch, {"of": of}, said=words, page="")
        assert verdict(found, "short-names-lead-home") == "unknown"


def test_a_short_name_that_leads_elsewhere_fails(history: History) -> None:
    for of, values in (
        ("pod, short", {"page": "Hello from web-1"}),
        ("pod, short", {"page": "", "said": "wget: bad address 'web-0.web'"}),
        ("pod, bare", {"page": "Hello"}),
    ):
        assert verdict(edit(history, PodFetch, {"of": of}, **values), "short-names-lead-home") == "fail"


@pytest.mark.parametrize(
    ("kind", "where", "values", "outcome"),
    [
        (DirectLookup, {"view": "service", "of": AFTER}, {"values": ["10.244.9.9"]}, "fail"),
        (
            DirectLookup,
            {"view": "service", "of": AFTER},
            {"status": "TIMEOUT", "values": []},
            "unknown",
        ),
        (Reached, {"by": "name"}, {"answered": {"web-0": 4, "web-1": 1}}, "fail"),
        (Reached, {"by": "name"}, {"answered": {"web-0": 4, "TIMEOUT (connect)": 1}}, "unknown"),
        (Reached, {"by": "name"}, {"answered": {"web-0": 4, "SERVFAIL (resolve)": 1}}, "unknown"),
        (Reached, {"by": "name"}, {"answered": {"web-0": 4, "NXDOMAIN (resolve)": 1}}, "fail"),
        (Reached, {"by": "address"}, {"answered": {"TIMEOUT (connect)": 4, "web-0": 1}}, "fail"),
    ],
)
def test_a_name_that_stays_behind_fails_and_silence_does_not(
    history: History, kind: type[Note], where: dict[str, str], values: dict[str, Any], outcome: str
) -> None:
    when = {} if kind is DirectLookup else {"when": "after"}
    assert verdict(edit(history, kind, where | when, **values), "name-follows-the-pod") == outcome


@pytest.mark.parametrize("by", ["name", "address"])
def test_a_client_that_never_asked_after_the_replacement_leaves_it_unknown(history: History, by: str) -> None:
    found = edit(history, Reached, {"by": by, "when": "after"}, answered={}, connections=0)
    assert verdict(found, "name-follows-the-pod") == "unknown"


def test_so_few_tries_say_what_they_exclude(history: History) -> None:
    found = next(v for v in lab.own_verdicts(EXPERIMENT, history) if v.checker == "name-follows-the-pod")
    assert "web-0 answers at most 46% of connections there (at 95 % confidence)." in found.summary


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        (ReadConf, {"resolver-as-documented"}),
        (ApiAddress, {"kubernetes-resolves"}),
        (PodLookup, {"kubernetes-resolves", "outside-as-the-cluster-says"}),
        (DirectLookup, {"kubernetes-resolves", "outside-as-the-cluster-says", "name-follows-the-pod"}),
        (PodFetch, {"short-names-lead-home"}),
        (Replaced, {"name-follows-the-pod"}),
        (Reached, {"name-follows-the-pod"}),
    ],
)
def test_what_was_not_written_down_is_unknown(history: History, kind: type[Note], unknown: set[str]) -> None:
    assert lab.not_judged_without(EXPERIMENT, history, kind) == unknown


def test_without_a_replacement_nothing_is_claimed(history: History) -> None:
    assert said(Edited(history).notes(Replaced).drop().history, "names-changed") == ""
