"""Answers say what the run showed, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chaos.analysis import questions
from chaos.analysis.questions import QUESTIONS, Question, answer_all
from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.model import History, Outcome
from chaos.model.figure import plain
from tests.edited import Edited
from tests.histories import FORCED, NXDOMAIN, Builder, Story, pod_replacement

QUICK = Story(
    old_stops_s=0.1,
    old_failed_s=0.2,
    old_gone_s=0.9,
    created_s=0.91,
    scheduled_s=0.92,
    ready_s=2.9,
    endpoint_ready_s=2.904,
    dns_back_s=2.907,
    ends_s=4.0,
)


def answer(history: History, key: str) -> str:
    return answer_all(Reading(history), [key])[0].answer


@pytest.mark.parametrize("key", QUESTIONS)
def test_without_a_trial_every_question_says_that_it_cannot_be_answered(key: str) -> None:
    assert answer(Builder().done(), key) == "This run cannot say: no fault was injected."


def test_what_makes_most_of_the_outage_is_named_with_its_least_share() -> None:
    assert "Ending the old pod made most of 1 of 1 outage by name, at least 94% of it." in answer(
        pod_replacement(), "dns-update"
    )


def test_where_nothing_is_known_to_make_half_of_it_nothing_is_named() -> None:
    """As where no list bounds what the watch showed."""
    history = pod_replacement(QUICK)
    assert "Starting the new pod made most of 1 of 1 outage" in answer(history, "dns-update")
    history.revisions.clear()
    assert "No single part is known to make half of the outage." in answer(history, "dns-update")


def test_a_slow_dns_is_called_the_cause_where_it_is_with_the_cache_that_the_probes_fill() -> None:
    slow = replace(QUICK, dns_back_s=30.0, ends_s=31.0)
    history = pod_replacement(slow)
    text = answer(history, "dns-update")
    assert "Updating DNS made most of 1 of 1 outage by name, at least" in text
    assert "DNS servers keep a denial for 30 s, and the probes' own questions may have put it there" in text
    history.meta.environment["corefile"] = "kubernetes cluster.local\n"
    assert "keep a denial" not in answer(history, "dns-update")
    odd = replace(NXDOMAIN, ttl=7)
    counts_down = Edited(history).series("A web-0.web").say_sometimes(odd, lambda n: bool(n % 2), after=1, before=20)
    assert "DNS servers keep a denial for" in answer(counts_down.history, "dns-update")


def test_records_that_do_not_come_back_are_counted_and_bounded_not_averaged() -> None:
    text = answer(pod_replacement(replace(Story(), dns_back_s=99.0)), "dns-update")
    late = "3 were still not right at the end of the trial (trial 1 ended 33.20 s"
    assert f"Of 3 cases (a pod's record at a view after a fault) {late}" in text
    assert "was not right for at least 33.1" in text


def test_an_overlap_is_told_with_the_identity() -> None:
    text = answer(pod_replacement(FORCED), "identity-kept")
    assert "the old pod and its successor served at the same time: web-0 for at least" in text
    assert "At no time" not in text


def test_a_question_with_a_pod_of_the_units_set_is_asked_about_the_set_that_was_measured() -> None:
    question, history = Question("same-name", "Did web-1 get the same name?", lambda _: "Yes."), pod_replacement()
    assert question.ask(Reading(history)).question == question.text
    history.meta.target["statefulset"] = "ledger"
    target = replace(history.faults[0].targets[0], name="ledger-0")
    history.faults[0] = replace(history.faults[0], targets=(target,))
    assert question.ask(Reading(history)).question == "Did ledger-0 get the same name?"
    assert question.cannot_say(Reading(history), "why").question == "Did ledger-0 get the same name?"


def test_clients_of_the_name_and_of_the_clusterip_fail_at_different_times() -> None:
    text = answer(pod_replacement(), "connection-handling")
    assert "first with NXDOMAIN (phase resolve)" in text
    assert "In 1 of 1 trial that outage began later than by name" in text
    assert "ended with EOF (phase idle)" in text


def test_a_client_that_was_not_measured_is_named() -> None:
    history = pod_replacement()
    history.series = [s for s in history.series if s.probe != "stream"]
    text = answer(history, "connection-handling")
    assert "Not measured: the long-lived connection." in text
    assert "EOF" not in text


def test_a_crash_costs_one_answer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(reading: Reading) -> Iterator[str]:
        raise ValueError("broken")

    broken = replace(questions.QUESTIONS["dns-update"], answer=crash)
    monkeypatch.setitem(questions.QUESTIONS, "dns-update", broken)
    crashed, fine = answer_all(Reading(pod_replacement()), ["dns-update", "identity-kept"])
    assert "could not be answered: ValueError: broken" in crashed.answer
    assert fine.answer.startswith("Yes:")


def test_a_reverse_name_that_was_not_seen_to_end_is_told_by_its_last_answer() -> None:
    (trial,) = trials(Reading(pod_replacement()))
    named = Outcome("NOERROR", values=("web-0.web.default.svc.cluster.local",), ttl=30)
    kept = Edited(pod_replacement()).series(f"PTR {trial.target.address}").say(named)
    said = plain(answer(kept.history, "dns-update"))
    assert "When it was last asked, at least " in said
    assert "after the old pod was gone, its address still had its reverse name (1 deletion)." in said


def test_where_no_part_made_half_of_like_outages_the_two_largest_are_told() -> None:
    story = replace(Story().shifted(-30.0), old_stops_s=0.04, old_failed_s=0.2, ready_s=2.2, endpoint_ready_s=2.21)
    text = answer(pod_replacement(replace(story, dns_back_s=2.22, ends_s=3.5)), "dns-update")
    assert "In the outage by name " in text
    assert " took " in text
    assert "made most" not in text
