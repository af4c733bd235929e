"""node-drain on the sandbox: the budget, the moves, the pod that cannot move, and that its checkers can fail."""

import re
from dataclasses import replace
from functools import partial

import pytest

from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.experiment import History, find_experiment
from experiments.node_drain import evictions, ready_again_ns
from tests.edited import Edited
from tests.experiments import lab
from tests.histories import TIMED_OUT

EXPERIMENT = find_experiment("node-drain")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
summary = partial(lab.summary, EXPERIMENT)
WATCH_LATE_NS = 200_000_000
OWN = ("budget-is-enforced", "never-more-than-the-budget", "come-back-elsewhere", "volume-ties-a-pod")


@pytest.fixture
def edited(history: History) -> Edited:
    return Edited(history)


def test_everything_is_as_the_hypothesis_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")


def test_the_node_is_closed_drained_and_opened_again(history: History) -> None:
    assert [(f.fault, f.outcome) for f in history.faults] == [
        ("cordon", "accepted"),
        ("evict-pod", "accepted"),
        ("evict-pod", "accepted"),
        ("uncordon", "accepted"),
    ]


def test_each_evicted_pod_counts_from_its_own_eviction(history: History) -> None:
    found = trials(Reading(history))
    assert {trial.cause for trial in found} == {"its eviction was accepted"}
    assert [trial.cause_ns for trial in found] == [f.accepted_ns for f in history.faults if f.fault == "evict-pod"]


def test_the_answers_have_this_runs_numbers(history: History) -> None:
    assert "were evicted in the order web-0, web-2" in said(history, "drain-cost")
    assert "web-0, web-2, each only when the one before was Ready again. Until all" in said(history, "drain-cost")
    assert said(history, "drain-cost").startswith("Time in which nobody reaches them by name: web-0 for between ")
    assert "came back with their names on other nodes" in said(history, "drain-cost")
    assert "429 TooManyRequests" in said(history, "budget-role")
    assert "s of that the node stayed closed on purpose." in said(history, "tied-pod")
    assert "didn't match PersistentVolume's node affinity" in said(history, "tied-pod")
    assert "unreachable by name: web-0 for between " in lab.headline(EXPERIMENT, history)
    assert "At least 3 of 4 pods of web were Ready at any time" in summary(history, "never-more-than-the-budget")
    assert "At least 3 of 4 pods of web were Ready at any time" in lab.headline(EXPERIMENT, history)
    assert re.search(r"It was away for at most \d\.\d\d s; for 3 s of that", said(history, "tied-pod"))


def test_the_third_evicted_pod_is_told_where_it_was_seen_to_stay_away(edited: Edited) -> None:
    told = "pinned-0, whose volume lies on the drained node, was evicted last and stayed away until the node was opened"
    assert told in said(edited.history, "drain-cost")
    assert told in lab.headline(EXPERIMENT, edited.history)
    history = edited.notes("pinned", phase="node closed").say(name="TIMEOUT").history
    assert "pinned-0" not in said(history, "drain-cost") + lab.headline(EXPERIMENT, history)


def test_a_wait_is_called_by_what_was_waited_for(history: History) -> None:
    """It was refused first, so what was reached is that it was allowed in the end."""
    steps = [details["step"] for _, what, details in history.marks if what == "waited"]
    assert "after web-0 the eviction of web-2 is allowed too" in steps


def first_eviction_ns(edited: Edited) -> int:
    return next(f.accepted_ns or 0 for f in edited.history.faults if f.fault == "evict-pod")


def test_a_second_eviction_that_was_allowed_at_once_fails(edited: Edited) -> None:
    at_once = first_eviction_ns(edited) + 10_000_000
    history = edited.notes("budget", away="web-0").say(refused=0, answer="", answers=[]).notes("budget", away="web-0")
    assert verdicts(history.move(at_once).history)["budget-is-enforced"] == "fail"


def test_a_second_eviction_that_was_asked_for_when_the_pod_was_back_says_nothing(edited: Edited) -> None:
    history = edited.notes("budget", away="web-0").say(refused=0, answer="", answers=[]).history
    assert verdicts(history)["budget-is-enforced"] == "unknown"


@pytest.mark.parametrize("answer", ["403 Forbidden", "409 Conflict", "500 InternalError"])
def test_another_error_than_the_budgets_own_is_no_word_of_it(edited: Edited, answer: str) -> None:
    edited.notes("budget", away="web-0").say(answers=[answer, "429 TooManyRequests"])
    assert verdicts(edited.history)["budget-is-enforced"] == "unknown"
    edited.notes("budget", away="web-0").say(ended=False)
    assert verdicts(edited.history)["budget-is-enforced"] == "unknown"


def test_a_second_eviction_that_was_allowed_while_the_pod_was_still_away_fails(edited: Edited) -> None:
    history = edited.notes("budget", away="web-0").move(first_eviction_ns(edited) + 100_000_000).history
    assert verdicts(history)["budget-is-enforced"] == "fail"


def test_an_eviction_that_is_refused_when_the_pod_is_back_fails(edited: Edited) -> None:
    edited.notes("budget", away="web-0").say(ended=False)
    assert verdicts(edited.history)["budget-is-enforced"] == "unknown", "it ended when the pod was just back"
    edited.notes("budget", away="web-0").move(first_eviction_ns(edited) + 30_000_000_000)
    assert verdicts(edited.history)["budget-is-enforced"] == "fail"


@pytest.mark.parametrize(
    ("ended", "later_ns", "outcome"),
    [
        (False, WATCH_LATE_NS, "unknown"),
        (False, WATCH_LATE_NS + 1, "fail"),
        (True, 0, "ok"),
        (True, -1, "unknown"),
        (True, -WATCH_LATE_NS, "unknown"),
        (True, -WATCH_LATE_NS - 1, "fail"),
    ],
)
def test_the_watch_may_tell_of_a_pod_that_is_back_a_little_after_the_budget_knows(
    edited: Edited, ended: bool, later_ns: int, outcome: str
) -> None:
    back_ns = ready_again_ns(Reading(edited.history), evictions(Reading(edited.history))[0])
    assert back_ns is not None
    edited.notes("budget", away="web-0").say(ended=ended)
    edited.notes("budget", away="web-0").move(back_ns + later_ns)
    assert verdicts(edited.history)["budget-is-enforced"] == outcome


def test_a_pod_that_was_not_seen_to_come_back_leaves_the_budget_unknown(edited: Edited) -> None:
    history = edited.without_events(lambda e: e.name == "web-0" and e.at_ns > first_eviction_ns(edited)).history
    assert verdicts(history)["budget-is-enforced"] == "unknown"
    assert "each only when the one before was Ready again" not in said(history, "drain-cost")


def test_a_gap_of_the_watch_leaves_what_it_shows_unknown(edited: Edited) -> None:
    found = verdicts(edited.blind(0.1, 0.2).history)
    assert [found[name] for name in OWN] == ["unknown"] * 4


def test_a_pod_that_the_watch_never_showed_is_not_counted_as_missing(edited: Edited) -> None:
    history = edited.without_events(lambda e: e.name == "web-1").history
    assert verdicts(history)["never-more-than-the-budget"] == "unknown"


def test_two_pods_that_are_away_at_once_fail(edited: Edited) -> None:
    assert verdicts(edited.unready("web-1", 0.1, 0.2).history)["never-more-than-the-budget"] == "fail"


def test_a_budget_that_did_not_hold_is_no_headline(edited: Edited) -> None:
    assert "not measured" in lab.headline(EXPERIMENT, edited.unready("web-1", 0.1, 0.2).history)


def test_a_pod_that_was_evicted_before_the_one_before_was_ready_is_not_said_to_have_waited(edited: Edited) -> None:
    second = next(n for n, f in enumerate(edited.history.faults) if f.targets and f.targets[0].name == "web-2")
    early_ns = first_eviction_ns(edited) + 1
    edited.history.faults[second] = replace(edited.history.faults[second], accepted_ns=early_ns)
    assert "in the order web-0, web-2. Until all" in said(edited.history, "drain-cost")


def test_a_drain_that_no_client_noticed_is_not_said_to_cost_anything(edited: Edited) -> None:
    for pod in ("web-0", "web-2"):
        by_name = edited.series(f"{pod}.web:80", probe="http")
        by_name.say(by_name.told("OK"))
    assert not said(edited.history, "drain-cost")
    assert "not measured" in lab.headline(EXPERIMENT, edited.history)


def test_a_node_without_a_pod_of_the_run_shows_nothing(edited: Edited) -> None:
    assert verdicts(edited.notes("drain").say(pods=[]).history)["come-back-elsewhere"] == "unknown"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"pod": "Pending"}, "is Pending on node-1 after"),
        ({"node": "node-2"}, "is Running on node-2 after"),
        ({"pod": "absent", "node": ""}, "is absent on no node after"),
    ],
)
def test_a_tied_pod_that_is_not_back_where_its_volume_lies_fails(
    edited: Edited, values: dict[str, str], told: str
) -> None:
    history = edited.notes("pinned", phase="open again").say(**values).history
    assert verdicts(history)["volume-ties-a-pod"] == "fail"
    assert told in summary(history, "volume-ties-a-pod")


def test_a_run_of_a_version_that_kept_only_the_first_answer_is_unknown(edited: Edited) -> None:
    assert "with `429 TooManyRequests`." in summary(edited.history, "budget-is-enforced")
    for _, what, details in edited.history.marks:
        if what == "budget":
            del details["answers"]
    assert verdicts(edited.history)["budget-is-enforced"] == "unknown"
    assert "lacks answers" in summary(edited.history, "budget-is-enforced")


def test_too_few_addresses_in_one_answer_fail(edited: Edited) -> None:
    of_all = edited.series("A web", "service")
    four = of_all.told("NOERROR")
    assert len(four.values) == 4
    history = of_all.say(replace(four, values=four.values[:2]), after=1.0, before=1.03).history
    assert verdicts(history)["never-more-than-the-budget"] == "fail"


def test_a_server_that_could_not_be_heard_about_the_service_is_no_witness(edited: Edited) -> None:
    history = edited.series("A web", "service").say(TIMED_OUT, after=0.0).history
    assert verdicts(history)["never-more-than-the-budget"] == "unknown"


@pytest.mark.parametrize("web_1", ["node-1", "node-2"])
def test_a_pod_that_came_back_where_it_was_or_moved_by_itself_fails(edited: Edited, web_1: str) -> None:
    nodes = next(d["nodes"] for _, what, d in edited.history.marks if what == "placed" and d["phase"] == "drained")
    web_0 = "node-1" if web_1 == "node-2" else "node-2"
    history = edited.notes("placed", phase="drained").say(nodes=nodes | {"web-0": web_0, "web-1": web_1}).history
    assert verdicts(history)["come-back-elsewhere"] == "fail"


@pytest.mark.parametrize("values", [{"name": "NOERROR"}, {"node": "node-2"}])
def test_a_tied_pod_that_has_a_name_or_a_node_while_its_own_is_closed_fails(
    edited: Edited, values: dict[str, str]
) -> None:
    history = edited.notes("pinned", phase="node closed").say(**values).history
    assert verdicts(history)["volume-ties-a-pod"] == "fail"


def test_a_tied_pod_whose_name_came_back_between_the_looks_fails(edited: Edited) -> None:
    moved_s = edited.seconds(next(at_ns for at_ns, what, _ in edited.history.marks if what == "change"))
    own = edited.series("A pinned-0.pinned", "service")
    history = own.say(own.told("NOERROR"), after=moved_s + 2).history
    assert verdicts(history)["volume-ties-a-pod"] == "fail"


@pytest.mark.parametrize("values", [{"name": "TIMEOUT"}, {"name": "SERVFAIL"}, {"pod": "absent"}])
def test_a_tied_pod_that_was_not_seen_to_wait_without_a_name_is_unknown(edited: Edited, values: dict[str, str]) -> None:
    history = edited.notes("pinned", phase="node closed").say(**values).history
    assert verdicts(history)["volume-ties-a-pod"] == "unknown"
    assert not said(history, "tied-pod")


def test_only_the_statefulsets_pods_are_said_to_have_left_the_node(history: History) -> None:
    assert "2 of 2 pods of the StatefulSet web on node-1 came back" in summary(history, "come-back-elsewhere")
    assert "The 2 pods of the StatefulSet web on node-1 were evicted" in said(history, "drain-cost")
    assert "made 2 of 2 evicted pods of the StatefulSet web unreachable" in lab.headline(EXPERIMENT, history)


def test_silence_after_the_fault_is_no_verdict_on_dns(history: History) -> None:
    found = verdicts(lab.silent(history))
    assert found["never-more-than-the-budget"] == found["volume-ties-a-pod"] == "unknown"
    assert "not measured" in lab.headline(EXPERIMENT, lab.silent(history))
    assert not said(lab.silent(history), "drain-cost")


def test_an_eviction_after_which_nothing_was_asked_leaves_the_budget_unknown(edited: Edited) -> None:
    assert verdicts(edited.notes("budget", away="web-2").drop().history)["budget-is-enforced"] == "unknown"


def test_a_drain_that_was_cut_short_is_unknown(edited: Edited) -> None:
    edited.history.faults[:] = [f for f in edited.history.faults if not f.targets or f.targets[0].name != "web-2"]
    assert verdicts(edited.history)["never-more-than-the-budget"] == "unknown"


def test_each_note_that_is_missing_leaves_its_checkers_unknown(history: History) -> None:
    assert lab.unknown_without(EXPERIMENT, history) == {
        "drain": set(OWN),
        "placed": {"come-back-elsewhere"},
        "eviction": set(),
        "budget": {"budget-is-enforced"},
        "pinned": {"volume-ties-a-pod"},
        "change": {"volume-ties-a-pod"},
        "waited": set(),
    }


def test_a_run_that_never_drained_says_so(edited: Edited) -> None:
    history = edited.history
    history.marks = [mark for mark in history.marks if mark[1] in ("steady-state", "waited")]
    history.faults = []
    assert set(verdicts(history).values()) == {"unknown"}
    assert [said(history, key) for key in ("drain-cost", "budget-role", "tied-pod")] == ["", "", ""]
