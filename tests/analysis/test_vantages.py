"""What a vantage did not see is unknown: it never fails a run, and never passes one alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.analysis.checkers.recovered_within import recovered_within
from chaos.analysis.connections import client_views
from chaos.analysis.reading import Reading
from chaos.analysis.recovery import RecoveryOutcome, recoveries
from chaos.analysis.statements import Statements
from chaos.analysis.trials import trials
from chaos.analysis.vantages import names, primary
from chaos.engine.conclusion import ending_of
from chaos.model import History, Samples, VerdictOutcome
from chaos.report.markdown import report_markdown
from chaos.report.vantage_tables import spreads, vantages_csv
from tests.histories import Story, copied, ns, pod_replacement

ONE = pod_replacement(Story(ends_s=36.0), Story(ends_s=36.0), period_s=0.05)


def seen_from(*vantages: str, lost: dict[str, float] | None = None) -> History:
    """The same run, seen from several places; those in `lost` saw it until that second only."""
    history = copied(ONE)
    history.meta.environment["vantages"] = [{"name": name, "node": f"node-{n}"} for n, name in enumerate(vantages)]
    series, history.series = history.series, []
    samples, history.samples = history.samples, {}
    for name in vantages:
        until_ns = ns((lost or {}).get(name, 1e6))
        for one in series:
            copy = replace(one, id=len(history.series), vantage=name)
            history.series.append(copy)
            kept = history.samples[copy.id] = Samples()
            for row in samples[one.id].rows():
                if row[2] <= until_ns:
                    kept.append(*row)
    for name, at_s in (lost or {}).items():
        details = {"vantage": name, "node": "node-9", "reason": "its pod was evicted", "samples": 1}
        history.marks.append((ns(at_s), "vantage-lost", details))
    return history


def middle_of_trial(number: int) -> float:
    """An instant while the name is missing."""
    trial = trials(Reading(ONE))[number - 1]
    return (trial.accepted_ns + trial.end_ns) / 2e9


def test_one_lost_among_others_is_told_and_does_not_change_the_verdict() -> None:
    history = seen_from("agent-0", "agent-1", lost={"agent-0": middle_of_trial(1)})
    mine = [r for r in recoveries(Reading(history)) if r.vantage == "agent-0"]
    assert {r.trial.number for r in mine} == {1}  # nothing of a trial that it did not live to see
    unknown = [r for r in mine if r.record.startswith("A ")]
    assert {r.outcome for r in unknown} == {RecoveryOutcome.UNKNOWN}
    assert all("evicted" in r.reason and r.lost is not None and r.recovered is None for r in unknown)
    verdict = recovered_within(Reading(history))
    assert verdict.outcome is VerdictOutcome.OK
    assert "agent-0" in verdict.summary
    assert "1 of 2 measured throughout" in verdict.summary


def test_the_only_one_lost_leaves_nothing_known() -> None:
    verdict = recovered_within(Reading(seen_from("agent-0", lost={"agent-0": middle_of_trial(2)})))
    assert verdict.outcome is VerdictOutcome.UNKNOWN
    assert "evicted" in verdict.summary


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from(["agent-0", "agent-1"]), st.floats(0, 80), max_size=2))
def test_a_lost_vantage_never_fails_a_run(lost: dict[str, float]) -> None:
    history = seen_from("agent-0", "agent-1", lost=lost)
    assert recovered_within(Reading(history)).outcome is not VerdictOutcome.FAIL
    assert not any(r.outcome is RecoveryOutcome.NOT_RECOVERED for r in recoveries(Reading(history)))


def test_a_clients_view_is_that_of_one_place_which_lasted() -> None:
    history = seen_from("agent-0", "agent-1", lost={"agent-0": middle_of_trial(2)})
    first, second = trials(Reading(history))
    assert (primary(Reading(history), first), primary(Reading(history), second)) == ("agent-0", "agent-1")
    alone = [(v.trial.key, v.probe, v.record, v.samples, v.outage_ns) for v in client_views(Reading(ONE))]
    assert [(v.trial.key, v.probe, v.record, v.samples, v.outage_ns) for v in client_views(Reading(history))] == alone


def test_what_was_placed_with_a_clock_that_jumped_is_unknown() -> None:
    history = seen_from("agent-0")
    found = next(r for r in recoveries(Reading(history)) if r.recovered is not None and r.record == "A web-1.web")
    assert found.recovered is not None
    at_ns = found.recovered.after_ns
    span = {"vantage": "agent-0", "from_ns": at_ns - 1000, "to_ns": at_ns + 1000, "reason": "its clock went back"}
    history.marks.append((at_ns, "clock-unsure", span))
    again = next(r for r in recoveries(Reading(history)) if (r.trial.key, r.record, r.view) == _key(found))
    assert again.outcome is RecoveryOutcome.UNKNOWN
    assert again.recovered is None
    assert again.lost == found.lost
    assert "went back" in again.reason
    assert recovered_within(Reading(history)).outcome is VerdictOutcome.UNKNOWN


def _key(recovery: object) -> tuple[object, ...]:
    return recovery.trial.key, recovery.record, recovery.view  # type: ignore[attr-defined]


def test_first_and_last_are_bounds_and_claim_no_order_that_is_not_there() -> None:
    history = seen_from("agent-0", "agent-1", "agent-2")
    assert names(Reading(history)) == ["agent-0", "agent-1", "agent-2"]
    found = spreads(Reading(history))
    assert found
    for spread in found:
        assert spread.first == spread.middle == spread.last  # they saw the very same
        assert spread.maybe_first == spread.maybe_last == names(Reading(history))
    assert len(vantages_csv(Reading(history)).splitlines()) == len(found) + 1


@pytest.mark.parametrize("lost", [{}, {"agent-1": 20.0}])
def test_the_report_names_every_vantage(lost: dict[str, float]) -> None:
    history = seen_from("agent-0", "agent-1", lost=lost)
    text = report_markdown(Reading(history), Statements(), ending_of(history, []))
    assert "| agent-0 | node-0 |" in text
    assert ("its pod was evicted" in text) == bool(lost)
