"""Each target's seconds count from its own request, or from its own deletion where a controller asks for it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from chaos.analysis.checkers.identity_kept import identity_kept
from chaos.analysis.checkers.recovered_within import recovered_within
from chaos.analysis.questions.connection_handling import connection_handling
from chaos.analysis.questions.dns_update import dns_update
from chaos.analysis.reading import Reading
from chaos.analysis.stages import timelines
from chaos.analysis.trials import Trial, end_unseen, not_replaced, trials
from chaos.model import History, Interval, WatchGap
from chaos.model.figure import plain
from chaos.report.stage_table import cause_of_all, heading, stage_rows
from chaos.report.tables import recoveries_csv
from chaos.report.timeline.picture import timeline_svg
from tests.edited import Edited
from tests.histories import Story, ns, pod_replacement, version
from tests.judging import verdict_of

T0_S = 1.5  # when the deletion of `pod_replacement`'s first trial is accepted
SEEN_S = T0_S + 0.001  # when the watch shows it
PATCHED_S = 0.7


def as_fault(history: History, name: str, **changes: Any) -> History:
    """The first trial was made by another fault."""
    history.faults[0] = replace(history.faults[0], fault=name, **changes)
    return history


def rolled(*listed_s: float) -> History:
    """The pod was deleted because its StatefulSet had been patched before; lists were asked for then."""
    history = as_fault(pod_replacement(), "rolling-update", sent_ns=ns(PATCHED_S - 0.01), accepted_ns=ns(PATCHED_S))
    history.revisions += [(ns(at_s), version(at_s)) for at_s in listed_s]
    return history


def only(history: History) -> Trial:
    (found,) = trials(Reading(history))
    return found


def column(history: History, name: str) -> list[str]:
    return [row[name] for row in csv.DictReader(io.StringIO(recoveries_csv(Reading(history))))]


def deleted_together(own_s: float = T0_S - 0.3) -> History:
    """Its request was one of several, and accepted before the last of them."""
    requests = {"web-0": (ns(own_s - 0.004), ns(own_s)), "web-1": (ns(T0_S - 0.004), ns(T0_S))}
    return as_fault(pod_replacement(), "delete-pods", sent_ns=ns(own_s - 0.004), requests=requests)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("delete-pod", "its deletion was accepted"),
        ("force-delete-pod", "its deletion was accepted"),
        ("delete-pods", "its deletion was accepted"),
        ("evict-pod", "its eviction was accepted"),
        ("cut-node", "its node was cut off"),
        ("somebody-elses", "the fault was accepted"),
    ],
)
def test_a_fault_of_one_request_is_the_cause_when_it_was_accepted(fault: str, cause: str) -> None:
    history = as_fault(pod_replacement(), fault)
    trial = only(history)
    assert (trial.cause, trial.cause_ns, trial.limit_ns) == (cause, ns(T0_S), ns(T0_S))
    assert trial.origin.interval == Interval(ns(T0_S - 0.004), ns(T0_S))
    assert set(column(history, "cause_at")) == {""}


def test_one_of_several_requests_is_its_own_pods_cause() -> None:
    history = deleted_together()
    trial = only(history)
    assert (trial.cause, trial.cause_ns) == ("its deletion was accepted", ns(T0_S - 0.3))
    assert trial.origin.interval == Interval(ns(T0_S - 0.304), ns(T0_S - 0.3))
    assert set(column(history, "cause_at")) == {"2026-01-02T03:04:06.200000Z"}


def test_the_columns_of_before_count_from_the_faults_acceptance() -> None:
    old, new = pod_replacement(), deleted_together()
    # What precedes the request of the fault cannot be its doing, so only what is bounded by that differs.
    for name in ("lost_before_s", "recovered_before_s", "stable_before_s"):
        assert column(new, name) == column(old, name)


def test_a_limit_counts_from_the_last_of_several_acceptances() -> None:
    assert only(deleted_together()).limit_ns == ns(T0_S)


def test_the_pod_whose_request_was_the_last_has_no_other_cause() -> None:
    history = as_fault(deleted_together(), "delete-pods", requests={"web-0": (ns(T0_S - 0.004), ns(T0_S))})
    assert set(column(history, "cause_at")) == {""}


def test_a_history_that_does_not_know_its_requests_counts_from_the_last_of_them() -> None:
    history = as_fault(deleted_together(), "delete-pods", requests={})
    assert only(history).cause_ns == ns(T0_S)
    assert set(column(history, "cause_at")) == {""}


def test_what_a_controller_deletes_counts_from_when_that_was_first_seen() -> None:
    history = rolled(1.2, 1.4)
    trial = only(history)
    assert (trial.cause, trial.cause_ns) == ("its deletion was first seen", ns(SEEN_S))
    assert trial.origin.interval == Interval(ns(1.4), ns(SEEN_S))
    assert set(column(history, "cause_at")) == {"2026-01-02T03:04:06.501000Z"}


def test_without_lists_only_the_faults_request_bounds_it_from_below() -> None:
    assert only(rolled()).origin.interval == Interval(ns(PATCHED_S - 0.01), ns(SEEN_S))


def test_a_scaling_down_counts_as_a_rolling_update_does() -> None:
    history = as_fault(rolled(1.4), "scale")
    assert only(history).cause == "its deletion was first seen"


def test_recoveries_csv_counts_from_the_patch_as_it_always_did() -> None:
    by_deletion = [float(value) for value in column(pod_replacement(), "recovered_before_s")]
    by_patch = [float(value) for value in column(rolled(), "recovered_before_s")]
    assert by_patch == pytest.approx([value + T0_S - PATCHED_S for value in by_deletion], abs=1e-6)


def test_a_pod_whose_deletion_was_not_seen_counts_from_the_patch() -> None:
    history = Edited(rolled()).without_events(lambda e: "deletionTimestamp" in e.object["metadata"]).history
    trial = only(history)
    assert (trial.cause, trial.cause_ns, trial.limit_ns) == (
        "the StatefulSet was patched",
        ns(PATCHED_S),
        ns(PATCHED_S),
    )
    assert set(column(history, "cause_at")) == {""}


def test_a_deletion_that_a_disturbed_watch_showed_is_no_t0_but_the_limit_knows_of_it() -> None:
    history = rolled(1.4)
    history.gaps.append(WatchGap("Pod", ns(1.0), ns(1.6), "the connection broke"))
    trial = only(history)
    assert (trial.cause, trial.cause_ns) == ("the StatefulSet was patched", ns(PATCHED_S))
    assert trial.limit_ns == ns(SEEN_S)
    assert trial.against_limit(Interval(ns(5), ns(6))) == Interval(ns(5 - SEEN_S), ns(6 - 1.0))


def test_a_pod_that_was_being_deleted_before_the_fault_has_no_deletion_of_it() -> None:
    history = rolled()
    history = as_fault(history, "rolling-update", sent_ns=ns(T0_S + 0.5), accepted_ns=ns(T0_S + 0.6))
    trial = only(history)
    assert trial.life.already
    assert (trial.cause_ns, trial.life.deleted_ns) == (ns(T0_S + 0.6), None)


@pytest.mark.parametrize(
    ("within_s", "listed_s", "outcome"),
    [
        (32.5, (1.4,), "ok"),  # 32.91 s since the patch, at most 32.22 s since the deletion
        (32.5, (), "unknown"),  # the deletion may have come with the patch
        (32.0, (1.4,), "fail"),  # 32.1 s since the deletion was seen
    ],
)
def test_the_limit_of_a_rolling_update_counts_from_the_pods_own_deletion(
    within_s: float, listed_s: tuple[float, ...], outcome: str
) -> None:
    history = rolled(*listed_s)
    history.meta.parameters["within_s"] = within_s
    assert str(verdict_of(history, recovered_within).outcome) == outcome


@pytest.mark.parametrize(("within_s", "outcome"), [(32.5, "unknown"), (32.0, "fail")])
def test_a_pod_without_a_successor_had_the_whole_limit_since_its_own_deletion(within_s: float, outcome: str) -> None:
    """Its trial ends 33.2 s after the patch and 32.4 s after its deletion."""
    history = as_fault(rolled(1.4), "rolling-update", ended_ns=ns(T0_S + 32.4))
    history = Edited(history).without_events(lambda e: e.uid == "uid-1-new").history
    history.meta.parameters["within_s"] = within_s
    assert str(verdict_of(history, identity_kept).outcome) == outcome
    reading, trial = Reading(history), only(history)
    assert plain(not_replaced(trial)).endswith(" 32.40 s after its deletion was seen")
    assert ("before its limit" in end_unseen(reading, trial)) is (outcome == "unknown")


def test_sentences_count_from_the_cause_and_say_which() -> None:
    said = plain(" ".join(dns_update(Reading(rolled(1.4)))))
    assert "dropped the deleted pod's name at most 1" in said
    assert "ms after its deletion was seen (1 fault)." in said
    clients = plain(" ".join(connection_handling(Reading(rolled(1.4)))))
    assert "ms after its deletion was seen (1 fault). The outage lasted" in clients
    cut = as_fault(pod_replacement(), "cut-node")
    assert "after the cut of its node (1 fault)." in plain(" ".join(dns_update(Reading(cut))))


def test_a_client_that_had_failed_already_is_not_said_to_have_done_so_before_a_deletion() -> None:
    edited = Edited(as_fault(pod_replacement(), "cut-node"))
    by_name = edited.series(probe="http")
    said = plain(" ".join(connection_handling(Reading(by_name.say(by_name.told("NXDOMAIN"), after=-5.0).history))))
    assert said.startswith("New HTTP connections by name had failed already before the cut of its node, so")


def test_the_time_line_begins_with_the_cause() -> None:
    (line,) = timelines(Reading(rolled(1.4)))
    assert (line.boundaries[0].label, line.at("accepted")) == ("deletion first seen (t0)", ns(SEEN_S))
    row = stage_rows([line], [line])[0]
    assert (row.label, row.cells) == ("deletion first seen (t0)", ("0.000",))
    assert "Seconds since its deletion was first seen" in timeline_svg(Reading(rolled(1.4)))


def test_where_causes_differ_the_head_of_each_column_says_which() -> None:
    history = as_fault(pod_replacement(Story(), Story()), "rolling-update")
    lines = timelines(Reading(history))
    assert cause_of_all(lines) == ""
    assert [heading(line, lines) for line in lines] == [
        "1: web-0, since its deletion was first seen",
        "2: web-1, since its deletion was accepted",
    ]
    assert [row.label for row in stage_rows(lines, lines)].count("t0") == 1
    assert heading(lines[0], lines[:1]) == "1: web-0"
