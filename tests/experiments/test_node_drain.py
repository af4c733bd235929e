"""node-drain on the sandbox: the budget, the moves, the pod that cannot move, and that its checkers can fail."""

import copy
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chaos.analysis.reading import Reading
from chaos.experiment import History, Options, find_experiment
from tests.experiments import lab
from tests.sandboxed import Ran, run_sandboxed

EXPERIMENT = find_experiment("node-drain")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
OWN = ("budget-is-enforced", "never-more-than-the-budget", "come-back-elsewhere", "volume-ties-a-pod")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    options = Options(max_qps=None, period_s=0.02)
    ran = run_sandboxed(tmp_path_factory.mktemp("reports"), options, experiment=EXPERIMENT)
    assert ran.result.error is None
    assert not ran.result.leftovers
    return ran


@pytest.fixture
def history(ran: Ran) -> History:
    return copy.deepcopy(ran.history)


def summary(history: History, name: str) -> str:
    """What one of its own checkers says."""
    found = [checker(Reading(history)) for checker in EXPERIMENT.checkers if not isinstance(checker, str)]
    return next(one.summary for one in found if one.checker == name)


def change(history: History, kind: str, where: dict[str, Any], **values: Any) -> None:
    """Give facts other values."""
    for _, what, details in history.marks:
        if what == kind and all(details.get(key) == value for key, value in where.items()):
            details.update(values)


def test_everything_is_as_the_hypothesis_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")


def test_the_node_is_open_again_and_nothing_is_left(ran: Ran) -> None:
    assert [(f.fault, f.outcome) for f in ran.history.faults] == [
        ("cordon", "accepted"),
        ("evict-pod", "accepted"),
        ("evict-pod", "accepted"),
        ("uncordon", "accepted"),
    ]


def test_the_answers_have_this_runs_numbers(history: History) -> None:
    assert "were evicted in the order web-0, web-2" in said(history, "drain-cost")
    assert "429 TooManyRequests" in said(history, "budget-role")
    assert "didn't match PersistentVolume's node affinity" in said(history, "tied-pod")
    assert "unreachable by its name once" in (EXPERIMENT.headline or str)(Reading(history))


def test_a_second_eviction_that_was_allowed_at_once_fails(history: History) -> None:
    change(history, "budget", {"away": "web-0"}, refused=0, answer="")
    assert verdicts(history)["budget-is-enforced"] == "fail"


@pytest.mark.parametrize("answer", ["403 Forbidden", "409 Conflict", "500 InternalError"])
def test_another_error_than_the_budgets_own_is_no_word_of_it(history: History, answer: str) -> None:
    change(history, "budget", {"away": "web-0"}, answers=[answer, "429 TooManyRequests"])
    assert verdicts(history)["budget-is-enforced"] == "unknown"
    change(history, "budget", {"away": "web-0"}, ended=False)
    assert verdicts(history)["budget-is-enforced"] == "unknown"


def test_a_second_eviction_that_was_allowed_while_the_pod_was_still_away_fails(history: History) -> None:
    begun = next(f for f in history.faults if f.fault == "evict-pod")
    for position, (_, what, details) in enumerate(history.marks):
        if what == "budget" and details["away"] == begun.targets[0].name:
            history.marks[position] = (begun.sent_ns + 100_000_000, what, details)
    assert verdicts(history)["budget-is-enforced"] == "fail"


def test_a_pod_that_was_not_seen_to_come_back_leaves_the_budget_unknown(history: History) -> None:
    history.events = [e for e in history.events if e.name != "web-0"]
    assert verdicts(history)["budget-is-enforced"] == "unknown"
    assert "each only when the one before was Ready again" not in said(history, "drain-cost")


def test_a_run_that_kept_only_the_first_answer_does_not_speak_of_each(history: History) -> None:
    assert "each time with 429 TooManyRequests, and" in summary(history, "budget-is-enforced")
    for _, what, details in history.marks:
        if what == "budget":
            del details["answers"]
    assert "the first time with 429 TooManyRequests, and" in summary(history, "budget-is-enforced")


def test_too_few_addresses_in_one_answer_fail(history: History) -> None:
    series = next(s for s in history.series if s.record == "A web")
    position = history.samples[series.id].outcome[-1]
    values = history.outcomes[position].values
    assert len(values) == 4
    history.outcomes[position] = replace(history.outcomes[position], values=values[:2])
    assert verdicts(history)["never-more-than-the-budget"] == "fail"


def test_a_pod_that_came_back_where_it_was_or_moved_by_itself_fails(history: History) -> None:
    change(history, "placed", {"phase": "drained"}, **{"web-0": "node-1"})
    assert verdicts(history)["come-back-elsewhere"] == "fail"
    change(history, "placed", {"phase": "drained"}, **{"web-0": "node-2", "web-1": "node-1"})
    assert verdicts(history)["come-back-elsewhere"] == "fail"


@pytest.mark.parametrize("values", [{"name": "NOERROR"}, {"node": "node-2"}])
def test_a_tied_pod_that_has_a_name_or_a_node_while_its_own_is_closed_fails(
    history: History, values: dict[str, str]
) -> None:
    change(history, "pinned", {"phase": "node closed"}, **values)
    assert verdicts(history)["volume-ties-a-pod"] == "fail"


@pytest.mark.parametrize("values", [{"name": "TIMEOUT"}, {"name": "SERVFAIL"}, {"pod": "absent"}])
def test_a_tied_pod_that_was_not_seen_to_wait_without_a_name_is_unknown(
    history: History, values: dict[str, str]
) -> None:
    change(history, "pinned", {"phase": "node closed"}, **values)
    assert verdicts(history)["volume-ties-a-pod"] == "unknown"
    assert not said(history, "tied-pod")


def test_only_the_statefulsets_pods_are_said_to_have_left_the_node(history: History) -> None:
    assert "All 2 pods of the StatefulSet that were on node-1 came back" in summary(history, "come-back-elsewhere")
    assert "The 2 pods of the StatefulSet on node-1 were evicted" in said(history, "drain-cost")
    assert "each of 2 pods of the StatefulSet unreachable" in (EXPERIMENT.headline or str)(Reading(history))


def test_a_run_that_never_drained_says_so(history: History) -> None:
    history.marks = [mark for mark in history.marks if mark[1] in ("steady-state", "waited")]
    history.faults = []
    assert set(verdicts(history).values()) == {"unknown"}
    assert [said(history, key) for key in ("drain-cost", "budget-role", "tied-pod")] == ["", "", ""]
