"""recoveries.csv and summary.csv."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from chaos.analysis.reading import Reading
from chaos.report.tables import recoveries_csv, summary_csv
from tests.histories import Story, pod_replacement

FIXED = (
    "trial,fault,pod,record,view,outcome,"
    "lost_after_s,lost_before_s,recovered_after_s,recovered_before_s,stable_before_s"
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def direct(text: str) -> dict[str, str]:
    """The row of the pod's own record at a CoreDNS pod."""
    return next(r for r in rows(text) if (r["record"], r["view"]) == ("A web-0.web", "coredns-a"))


def test_the_fixed_columns_come_first_and_in_order() -> None:
    head = recoveries_csv(Reading(pod_replacement())).partition("\n")[0]
    assert head.startswith(FIXED + ",")
    assert head.endswith(",reason,cause_at")


def test_rows_are_ordered_by_trial_pod_record_and_view() -> None:
    found = rows(recoveries_csv(Reading(pod_replacement(Story(), Story(), Story()))))
    keys = [(int(r["trial"]), r["pod"], r["record"], r["view"]) for r in found]
    assert keys == sorted(keys)
    assert len(keys) == 3 * 3 * 3


def test_seconds_count_from_acceptance_with_six_decimals_and_hold_the_truth() -> None:
    row = direct(recoveries_csv(Reading(pod_replacement())))
    assert row["outcome"] == "recovered"
    assert float(row["lost_after_s"]) <= 0.011 <= float(row["lost_before_s"])
    assert float(row["recovered_after_s"]) <= 32.107 <= float(row["recovered_before_s"])
    assert all(len(row[c].partition(".")[2]) == 6 for c in row if c.endswith("_s") and row[c])


def test_what_did_not_happen_is_empty_and_the_censoring_is_told() -> None:
    story = replace(Story(), dns_back_s=99.0)
    row = next(
        r
        for r in rows(recoveries_csv(Reading(pod_replacement(story))))
        if (r["record"], r["view"]) == ("A web-0.web", "coredns-a")
    )
    assert row["outcome"] == "not-recovered"
    assert (row["recovered_after_s"], row["recovered_before_s"], row["stable_before_s"]) == ("", "", "")
    assert 33.1 < float(row["censored_after_s"]) < 33.2


def test_a_censored_recovery_stays_in_the_summary_as_a_bound() -> None:
    history = pod_replacement(Story(), replace(Story(), dns_back_s=99.0))
    row = next(
        r for r in rows(summary_csv(Reading(history))) if (r["record_kind"], r["view"]) == ("A of the pod", "coredns-a")
    )
    assert (row["n"], row["recovered"], row["not_recovered"], row["recovered_censored"]) == ("2", "1", "1", "1")
    assert row["recovered_max_s"].startswith(">33.1")
    assert row["recovered_p95_s"] == ""


def test_an_empty_history_gives_headings_only() -> None:
    history = pod_replacement()
    history.faults = []
    assert recoveries_csv(Reading(history)).count("\n") == 1
    assert summary_csv(Reading(history)).count("\n") == 1


def test_the_same_history_gives_the_same_bytes() -> None:
    assert recoveries_csv(Reading(pod_replacement(seed=3))) == recoveries_csv(Reading(pod_replacement(seed=3)))
