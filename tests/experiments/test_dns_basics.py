"""dns-basics on the sandbox: what a pod is told, what names cost, and that its checkers can fail."""

import copy
from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import edit

EXPERIMENT = find_experiment("dns-basics")
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)


def verdict(history: History, name: str) -> str:
    return lab.verdicts(EXPERIMENT, history)[name]


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
    assert "google.com is 203.0.113.10: cluster DNS passes on what is not its own." in told
    assert "web 2, web-0.web 2, web." in told
    assert ".svc.cluster.local 8, web." in told
    assert "google.com 8, google.com. 2" in told
    assert "for web-0.web busybox's nslookup says NXDOMAIN while wget in the same pod gets 'Hello from web-0'" in told


def test_a_name_is_followed_and_an_address_is_not(history: History) -> None:
    assert "After web-0 had been replaced the same question gave 10.244." in said(history, "replica-finds-primary")
    changed = said(history, "names-changed")
    assert "TIMEOUT (connect) 5 times" in changed
    assert "web-0 5 times (a cache may give the old one for up to 30 s)" in changed
    assert "(web-9.web) is NXDOMAIN after 8 queries, and a cache may keep that denial for 30 s" in changed


def test_another_search_list_or_ndots_fails(history: History) -> None:
    assert verdict(edit(history, "resolv-conf", {}, ndots=1), "resolver-as-documented") == "fail"
    assert verdict(edit(history, "resolv-conf", {}, search=["example.org"]), "resolver-as-documented") == "fail"
    assert (
        verdict(edit(history, "resolv-conf", {}, nameservers=["169.254.20.10"]), "resolver-as-documented") == "unknown"
    )


def test_a_wrong_address_fails_wherever_it_is(history: History) -> None:
    where = {"of": "service, full name"}
    assert verdict(edit(history, "pod-lookup", where, addresses=["10.0.0.1"]), "kubernetes-resolves") == "fail"
    view = {"view": "service", "of": "kubernetes.default.svc.cluster.local"}
    assert verdict(edit(history, "direct-lookup", view, values=["10.0.0.1"]), "kubernetes-resolves") == "fail"
    assert verdict(edit(history, "direct-lookup", view, status="TIMEOUT"), "kubernetes-resolves") == "unknown"


def test_a_pod_that_is_told_otherwise_than_the_cluster_fails(history: History) -> None:
    for status in ("NXDOMAIN", "SERVFAIL"):
        found = edit(history, "pod-lookup", {"of": "outside"}, status=status, addresses=[])
        assert verdict(found, "outside-as-the-cluster-says") == "fail"


def test_two_failures_that_differ_are_unknown_and_a_denial_is_told_as_one(history: History) -> None:
    failing = edit(history, "direct-lookup", {}, status="SERVFAIL", values=[])
    found = edit(failing, "pod-lookup", {"of": "outside"}, status="NXDOMAIN", addresses=[])
    assert verdict(found, "outside-as-the-cluster-says") == "unknown"
    told = said(found, "lookups-told")
    assert "google.com is answered with NXDOMAIN: whoever cluster DNS asks says there is no such name." in told
    assert "no way out" not in told
    assert "no way out" not in headline(found)
    for status in ("NODATA", "SERVFAIL"):
        unanswered = edit(found, "pod-lookup", {"of": "outside"}, status=status, exit_code=1)
        assert "there is no way out, or the servers there fail" in said(unanswered, "lookups-told")


def test_a_bare_name_of_which_nothing_was_said_is_unknown(history: History) -> None:
    for words in ("", "wget: can't connect to remote host (10.0.0.1): Connection refused"):
        found = edit(history, "pod-fetch", {"of": "pod, bare"}, said=words)
        assert verdict(found, "short-names-lead-home") == "unknown"


def test_a_short_name_that_leads_elsewhere_fails(history: History) -> None:
    assert (
        verdict(edit(history, "pod-fetch", {"of": "pod, short"}, page="Hello from web-1"), "short-names-lead-home")
        == "fail"
    )
    assert verdict(edit(history, "pod-fetch", {"of": "pod, bare"}, page="Hello"), "short-names-lead-home") == "fail"


def test_a_name_that_stays_behind_fails_and_without_a_replacement_nothing_is_claimed(history: History) -> None:
    stale = edit(history, "name-after", {"view": "service"}, values=["10.244.9.9"])
    assert verdict(stale, "name-follows-the-pod") == "fail"
    without = copy.deepcopy(history)
    without.marks[:] = [mark for mark in without.marks if mark[1] != "replacement"]
    assert verdict(without, "name-follows-the-pod") == "unknown"
    assert said(without, "names-changed") == ""
