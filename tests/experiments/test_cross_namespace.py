"""cross-namespace on the sandbox: names, tenants, policies that are enforced, and that its checkers can fail."""

import re
from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import edit, without

EXPERIMENT = find_experiment("cross-namespace")
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)


def verdict(history: History, name: str) -> str:
    return lab.verdicts(EXPERIMENT, history)[name]


def unenforced(history: History) -> History:
    """As on a cluster whose network plugin knows no policies."""
    return edit(history, "reach", {}, page="Hello from web-0", exit_code=0)


def test_everything_holds_on_the_sandbox_which_enforces_policies(history: History) -> None:
    for name in ("full-names-lead-everywhere", "short-names-stay-at-home", "policy-is-consistent"):
        assert verdict(history, name) == "ok", name
    assert "kept out the clients' namespace and the tenant's" in said(history, "cross-security")
    assert re.search(r"backwards: 10\.244\.\S+ is .*web-0\.web\.", said(history, "cross-security"))
    assert "The name still resolved while it was forbidden (10.244." in said(history, "cross-security")


def test_clients_are_told_which_names_work_and_what_they_cost(history: History) -> None:
    told = said(history, "cross-discovery")
    assert "without the namespace does not (wget: bad address 'web-0.web')" in told
    assert "works too ('Hello from web-0')" in told
    assert ".svc.cluster.local 8, web-primary." in told
    assert ".svc.cluster.local. 2." in told


def test_tenants_with_the_same_names_do_not_meet(history: History) -> None:
    told = said(history, "multi-tenant")
    assert "gave 'Hello from web-0' in the one and 'Hello from the other tenant, web-0' in the other" in told


def test_a_cluster_without_a_policy_engine_is_named_as_such_and_fails_nothing(history: History) -> None:
    found = unenforced(history)
    assert verdict(found, "policy-is-consistent") == "ok"
    assert "This cluster does not enforce NetworkPolicies" in said(found, "cross-security")
    assert "which this cluster does not enforce" in said(found, "multi-tenant")


def test_a_policy_that_keeps_out_the_wrong_ones_fails(history: History) -> None:
    where = {"policy": "own namespace only"}
    assert verdict(edit(history, "reach", where | {"place": "own"}, page=""), "policy-is-consistent") == "fail"
    leaky = edit(history, "reach", where | {"place": "tenant"}, page="Hello from web-0")
    assert verdict(leaky, "policy-is-consistent") == "fail"
    shut = edit(history, "reach", {"policy": "clients let in", "place": "clients"}, page="")
    assert verdict(shut, "policy-is-consistent") == "fail"
    assert "NetworkPolicy kept them out" in headline(history)
    assert "NetworkPolicy" not in headline(shut)
    assert said(shut, "cross-security") == ""
    silent = edit(history, "lookup-forbidden", {}, addresses=[], status="TIMEOUT")
    assert "still resolved" not in said(silent, "cross-security")
    assert verdict(without(history, "reach"), "policy-is-consistent") == "unknown"
    assert said(without(history, "reach"), "cross-security") == ""


def test_a_name_that_means_something_else_in_another_namespace_fails(history: History) -> None:
    where = {"place": "clients", "of": "pod, full name"}
    assert verdict(edit(history, "lookup", where, addresses=["10.244.9.9"]), "full-names-lead-everywhere") == "fail"
    silent = edit(history, "lookup", where, addresses=[], status="TIMEOUT")
    assert verdict(silent, "full-names-lead-everywhere") == "unknown"
    assert verdict(without(history, "addresses"), "full-names-lead-everywhere") == "unknown"


def test_a_short_name_that_leaves_home_fails(history: History) -> None:
    for place in ("clients", "tenant"):
        found = edit(history, "fetch", {"place": place, "of": "pod, short"}, page="Hello from web-0")
        assert verdict(found, "short-names-stay-at-home") == "fail"
        assert "not by its short one" not in headline(found)
        assert "without the namespace does not" not in said(found, "cross-discovery")
        assert said(found, "multi-tenant") == ""
    assert verdict(without(history, "fetch"), "short-names-stay-at-home") == "unknown"


def test_a_short_name_of_which_nothing_was_said_is_unknown(history: History) -> None:
    assert "and not by its short one" in headline(history)
    for words in ("", "wget: can't connect to remote host (10.0.0.1): Connection refused"):
        found = edit(history, "fetch", {"place": "clients", "of": "pod, short"}, said=words)
        assert verdict(found, "short-names-stay-at-home") == "unknown"
        assert "not by its short one" not in headline(found)
        assert "without the namespace does not" not in said(found, "cross-discovery")


def test_a_form_that_got_no_page_is_not_said_to_work(history: History) -> None:
    found = edit(history, "fetch", {"place": "clients", "of": "pod with namespace"}, page="", said="")
    assert "works too" not in said(found, "cross-discovery")
