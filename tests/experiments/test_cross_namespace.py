"""cross-namespace on the sandbox: names, tenants, policies that are enforced, and that its checkers can fail."""

import re
from functools import partial

import pytest

from chaos.experiment import History, find_experiment
from experiments.cross_namespace import (
    LET_IN,
    OPEN,
    OWN_ONLY,
    Access,
    Conf,
    Fetch,
    Lookup,
    LookupForbidden,
    Namespaces,
    Servers,
)
from experiments.shared.reach import NO_ANSWER, UNENFORCED
from tests.edited import Edited
from tests.experiments import lab

OPTIONS = {"period_s": 0.05}
EXPERIMENT = find_experiment("cross-namespace")
OWN = ("full-names-lead-everywhere", "short-names-stay-at-home", "policy-is-consistent")
KEYS = ("cross-discovery", "cross-security", "multi-tenant")
NO_NAME = "wget: bad address 'web-0.web'"
# What wget says, and its exit code, where it does not tell whether there is such a name: over time, refused, crashed.
UNTOLD = (("", 143), ("wget: can't connect to remote host (10.244.1.4): Connection refused", 1), ("", 139))
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)


def verdict(history: History, name: str) -> str:
    return lab.verdicts(EXPERIMENT, history)[name]


def access(history: History, told: str, **where: str) -> History:
    """What came of getting the page, under a policy, from a place."""
    return Edited(history).notes(Access, **where).put("found", **{"web-0": told}).history


def test_everything_holds_on_the_sandbox_which_enforces_policies(history: History) -> None:
    assert lab.verdicts(EXPERIMENT, history) == dict.fromkeys(OWN, "ok")
    assert "kept out the clients' namespace and the tenant's" in said(history, "cross-security")
    assert re.search(
        r"A reverse lookup of 10\.244\.\S+ gives the names .*web-0\.web\.", said(history, "cross-security")
    )
    assert "The name still resolved while it was forbidden (10.244." in said(history, "cross-security")


def test_clients_are_told_which_names_work_and_what_they_cost(history: History) -> None:
    told = said(history, "cross-discovery")
    assert "without the namespace does not: wget: bad address 'web-0.web'" in told
    assert "the answer was 'Hello from web-0'" in told
    assert re.search(r"; `web-primary\.[^ ;]+\.svc\.cluster\.local`: 8 queries; `web-primary\.", told)
    assert told.endswith(".svc.cluster.local.`: 2 queries.")


def test_tenants_with_the_same_names_do_not_meet(history: History) -> None:
    told = said(history, "multi-tenant")
    assert re.search(r"also tries web-0\.web\.svc\.\S+: a service web-0 of a namespace called web", told)
    assert "gave 'Hello from web-0' in the one and 'Hello from the other tenant, web-0' in the other" in told


def test_what_is_said_of_dns_and_of_policies_was_tried(history: History) -> None:
    everywhere = "DNS told a pod in each of 3 namespaces the addresses behind the full names"
    assert everywhere in said(history, "cross-security")
    elsewhere = Edited(history).notes(Lookup, place="clients", of="pod, full name").say(addresses=["10.244.9.9"])
    assert everywhere not in said(elsewhere.history, "cross-security")
    told = said(history, "multi-tenant")
    assert "Add an ingress policy to each namespace" in told
    assert "A policy for egress, which was not tried, must let DNS through" in told


def test_a_cluster_without_a_policy_engine_is_named_as_such_never_passes_and_fails_nothing(history: History) -> None:
    found = access(history, "web-0")
    (one,) = (v for v in lab.own_verdicts(EXPERIMENT, found) if v.checker == "policy-is-consistent")
    assert (one.outcome, UNENFORCED in one.summary) == ("unknown", True)
    assert (one.summary.count(":"), "running it again here changes nothing" in one.summary) == (1, True)
    assert "This cluster does not enforce NetworkPolicies" in said(found, "cross-security")
    assert "this cluster does not enforce them" in said(found, "multi-tenant")
    assert headline(found).endswith(" The cluster did not enforce NetworkPolicies.")


def test_a_policy_that_keeps_out_the_wrong_ones_fails(history: History) -> None:
    assert verdict(access(history, NO_ANSWER, phase=OWN_ONLY, client="own"), "policy-is-consistent") == "fail"
    assert verdict(access(history, "web-0", phase=OWN_ONLY, client="tenant"), "policy-is-consistent") == "fail"
    shut = access(history, NO_ANSWER, phase=LET_IN, client="clients")
    assert verdict(shut, "policy-is-consistent") == "fail"
    assert "NetworkPolicy kept them out" in headline(history)
    assert "NetworkPolicy" not in headline(shut)
    assert said(shut, "cross-security") == ""


def test_a_name_that_was_not_answered_is_not_said_to_resolve(history: History) -> None:
    silent = Edited(history).notes(LookupForbidden).say(addresses=[], status="TIMEOUT").history
    assert "still resolved" not in said(silent, "cross-security")


@pytest.mark.parametrize("phase", [OPEN, OWN_ONLY, LET_IN])
def test_looks_that_were_not_made_or_say_nothing_leave_the_policy_unknown(history: History, phase: str) -> None:
    for client in ("own", "clients", "tenant"):
        missing = Edited(history).notes(Access, phase=phase, client=client).drop().history
        silent = access(history, "? wget ended with 139", phase=phase, client=client)
        assert {verdict(one, "policy-is-consistent") for one in (missing, silent)} == {"unknown"}
    assert said(Edited(history).notes(Access).drop().history, "cross-security") == ""


def test_a_name_that_means_something_else_in_another_namespace_fails(history: History) -> None:
    where = {"place": "clients", "of": "pod, full name"}
    lookup, page = (partial(lambda kind: Edited(history).notes(kind, **where), kind) for kind in (Lookup, Fetch))
    for said_there, told in (
        ({"addresses": ["10.244.9.9"]}, "from clients is 10.244.9.9"),
        ({"addresses": [], "status": "NXDOMAIN"}, "from clients is NXDOMAIN"),
    ):
        wrong = lookup().say(**said_there).history
        assert verdict(wrong, "full-names-lead-everywhere") == "fail"
        assert told in lab.summary(EXPERIMENT, wrong, "full-names-lead-everywhere")
    for status in ("TIMEOUT", "SERVFAIL"):
        silent = lookup().say(addresses=[], status=status).history
        assert verdict(silent, "full-names-lead-everywhere") == "unknown"
    assert verdict(page().say(page="Hello from web-1").history, "full-names-lead-everywhere") == "fail"
    assert verdict(page().say(page="", said=NO_NAME, exit_code=1).history, "full-names-lead-everywhere") == "fail"
    for words, code in UNTOLD:
        untold = page().say(page="", said=words, exit_code=code).history
        assert verdict(untold, "full-names-lead-everywhere") == "unknown"


def test_a_short_name_that_leaves_home_fails(history: History) -> None:
    for place in ("clients", "tenant"):
        found = Edited(history).notes(Fetch, place=place, of="pod, short").say(page="Hello from web-0").history
        assert verdict(found, "short-names-stay-at-home") == "fail"
        assert "not by its short one" not in headline(found)
        assert "without the namespace does not" not in said(found, "cross-discovery")
        assert said(found, "multi-tenant") == ""


def test_a_short_name_of_which_nothing_was_said_is_unknown(history: History) -> None:
    assert "and not by its short one" in headline(history)
    for words in ("", "wget: can't connect to remote host (10.0.0.1): Connection refused"):
        found = Edited(history).notes(Fetch, place="clients", of="pod, short").say(said=words).history
        assert verdict(found, "short-names-stay-at-home") == "unknown"
        assert "not by its short one" not in headline(found)
        assert "without the namespace does not" not in said(found, "cross-discovery")
    for place in ("own", "tenant"):
        short = Edited(history).notes(Fetch, place=place, of="pod, short")
        for words, code in UNTOLD:
            untold = short.say(page="", said=words, exit_code=code).history
            assert verdict(untold, "short-names-stay-at-home") == "unknown"
        denied = short.say(page="", said=NO_NAME, exit_code=1).history
        assert verdict(denied, "short-names-stay-at-home") == "fail"


def test_a_form_that_got_no_page_is_not_said_to_work(history: History) -> None:
    found = Edited(history).notes(Fetch, place="clients", of="pod with namespace").say(page="", said="").history
    assert "works too" not in said(found, "cross-discovery")


def test_what_was_not_noted_is_unknown(edited: History) -> None:
    lab.needs_its_notes(EXPERIMENT, edited, OWN, Servers, Lookup, Fetch, Access)
    for kind, key in ((Conf, KEYS[0]), (LookupForbidden, KEYS[1]), (Namespaces, KEYS[2])):
        assert said(Edited(edited).notes(kind).drop().history, key) == ""
