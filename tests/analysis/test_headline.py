"""The one sentence that people quote."""

from dataclasses import replace

import pytest

from chaos.analysis.headline import headline, outages
from chaos.analysis.how_sure import how_sure
from chaos.analysis.over_faults import over_faults, per_fault
from chaos.analysis.precision import LOOKED, Aim
from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.experiment.judging import judges_of, statements
from chaos.model import History, Interval
from chaos.model.figure import plain
from tests.edited import Edited
from tests.histories import NXDOMAIN, Builder, Story, pod_replacement


def first_sentence(history: History) -> str:
    reading = Reading(history)
    return statements(reading, judges_of(reading)).headline


def test_it_says_for_how_long_a_pod_was_unreachable_by_name_and_that_it_is_simulated() -> None:
    history = pod_replacement(Story(), Story())
    said = "deleted pod was unreachable by its name for "
    assert first_sentence(history).startswith(f"On the simulated cluster: A {said}")
    history.meta.simulated = False
    assert first_sentence(history).startswith(f"A {said}")


def test_without_a_fault_that_took_effect_there_is_no_figure() -> None:
    assert (
        headline(Reading(Builder().done()))
        == "In no trial was a fault seen to take effect as meant, so no outage was measured."
    )


def test_without_a_client_it_says_what_dns_alone_tells() -> None:
    history = pod_replacement()
    history.series = [s for s in history.series if s.probe != "http"]
    said = headline(Reading(history))
    assert plain(said).startswith("The DNS name of a deleted pod did not lead to its successor for between 32.0")
    assert "(1 deletion)" in plain(said)


def test_a_name_that_was_taken_back_is_told_for_what_it_is() -> None:
    """DNS gave the new address and lost it again: from then on it counts only what lasted."""
    edited = Edited(pod_replacement())
    history = edited.series("A web-0.web", "service").say(NXDOMAIN, after=32.5, before=32.7).history
    history.series = [s for s in history.series if s.probe != "http"]
    said = plain(headline(Reading(history)))
    assert said.startswith("The DNS name of a deleted pod led to its successor for good only after between 32.6")


def test_faults_without_an_outage_are_counted_beside_those_with_one() -> None:
    """The second pod answered whenever it was tried: its outage is no longer than two tries are apart."""
    history = pod_replacement(Story(), Story())
    first, second = trials(Reading(history))
    edited = Edited(history)
    after, before = edited.seconds(second.sent_ns), edited.seconds(second.end_ns)
    for series in (s for s in edited.history.series if s.probe == "http" and s.pod == second.target.name):
        right = next(o for o in edited.history.outcomes if o.status == "OK" and o.values == (second.target.name,))
        edited.of_id(series.id).say(right, after=after, before=before)
    history = edited.history
    said = plain(headline(Reading(history)))
    assert said.startswith("A deleted pod was unreachable by its name in 1 of 2 trials for between 31.9")
    found = outages(Reading(history))
    assert len(found) == 2
    assert found[1].after_ns == 0
    assert first.number != second.number


def test_faults_that_hit_other_numbers_of_pods_are_not_told_as_if_they_were_alike() -> None:
    history = pod_replacement(Story(), Story())
    assert "If they are alike" in headline(Reading(history))
    second = history.faults[1]
    history.faults[1] = replace(second, targets=(*second.targets, replace(second.targets[0], name="web-9")))
    said = headline(Reading(history))
    assert "unreachable by its name for" in said
    assert "alike" not in said


def test_without_a_client_and_without_dns_it_says_nothing() -> None:
    history = pod_replacement()
    history.series = [s for s in history.series if s.probe not in ("http", "dns")]
    assert headline(Reading(history)) == ""


def test_pods_and_vantages_of_one_fault_are_one() -> None:
    durations = per_fault([(1, Interval(10, 20)), (1, Interval(15, 18)), (2, Interval(5, 6))])
    assert durations == [Interval(15, 20), Interval(5, 6)]


S = 10**9


@pytest.mark.parametrize(
    ("durations", "text"),
    [
        ([(31.899, 31.902)], "between 31.89 and 31.91 s (1 deletion)"),
        ([(0, 31.902)], "at most 31.91 s (1 deletion)"),
        ([(60.0, None)], "at least 60.00 s (1 deletion)"),
        (
            [(1.0, 1.2), (2.0, 2.1), (3.0, 3.3)],
            "between 2.00 and 2.10 s (median of 3 deletions; the longest between 3.00 and 3.30 s)",
        ),
        (
            [(1.0, 1.2), (2.0, 2.1), (60.0, None)],
            "between 2.00 and 2.10 s (median of 3 deletions; the longest at least 60.00 s)",
        ),
    ],
)
def test_a_duration_is_told_by_its_bounds_with_the_number_of_faults(
    durations: list[tuple[float, float | None]], text: str
) -> None:
    assert plain(over_faults(intervals(durations))) == text


def intervals(durations: list[tuple[float, float | None]]) -> list[Interval]:
    return [Interval(round(low * S), None if high is None else round(high * S)) for low, high in durations]


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, ""),
        (1, "One deletion tells little: if the next one is like it, it takes longer in 1 of 2 cases."),
        (3, "If they are alike, the next deletion takes no longer than the longest of these in 3 of 4 cases."),
    ],
)
def test_one_sentence_says_how_sure_a_few_faults_are(n: int, text: str) -> None:
    assert plain(how_sure(around(n))) == text


@pytest.mark.parametrize(
    ("n", "median", "longest", "share"),
    [(6, "between 0.999 and 6.01 s", "6.01 s", "40%"), (59, "between 22.00 and 38.00 s", "59.01 s", "5%")],
)
def test_from_six_faults_on_there_is_an_interval_and_a_share(n: int, median: str, longest: str, share: str) -> None:
    assert plain(how_sure(around(n))) == (
        f"The median of all deletions like these lies {median} (at 95% confidence). None of {n} deletions took longer "
        f"than {longest}, so at most {share} of all do (at 95% confidence)."
    )


def around(n: int) -> list[Interval]:
    return intervals([(k - 0.001, k + 0.001) for k in range(1, n + 1)])


def test_faults_that_did_not_end_bound_no_share() -> None:
    durations = intervals([(1.0, 1.1)] * 58 + [(60.0, None)])
    assert plain(how_sure(durations)).endswith(
        "the next deletion takes no longer than the longest of these in 59 of 60 cases."
    )


def close_together(n: int) -> list[Interval]:
    return intervals([(1.2 + 0.003 * k, 1.201 + 0.003 * k) for k in range(n)])


@pytest.mark.parametrize(
    ("durations", "aim", "median", "longest"),
    [
        (
            close_together(7),
            Aim(0.1, 60, 7),
            "lies between 1.20 and 1.22 s (at 95% confidence), within 10% as asked.",
            "None of 7 deletions took longer than 1.22 s, so at most 47% of all do",
        ),
        (
            around(57),
            Aim(0.1, 60, 57),
            "lies between 20.00 and 38.00 s (at 95% confidence), not within 10% after 57 deletions.",
            "None of 57 deletions took longer than 57.01 s, so at most 8% of all do",
        ),
        (
            close_together(9),
            Aim(0.1, 60, None),
            "lies between 1.20 and 1.23 s (at 95% confidence), but the run ended before its next look at that.",
            "None of 9 deletions took longer than 1.23 s, so at most 39% of all do",
        ),
        (
            close_together(3),
            Aim(0.1, 60, None),
            "is not known within 10% after 3 deletions.",
            "",
        ),
        (
            intervals([(1.0, 1.1)] * 6 + [(60.0, None)]),
            Aim(0.5, 7, 7),
            "is at least 1.00 s (at 95% confidence), not within 50% after 7 deletions.",
            "",
        ),
    ],
)
def test_a_run_for_a_precision_says_whether_it_was_reached(
    durations: list[Interval], aim: Aim, median: str, longest: str
) -> None:
    none = f" {longest} (at 95% confidence)." if longest else ""
    assert plain(how_sure(durations, aim=aim)) == f"The median of all deletions like these {median}{none}"


def test_a_run_for_a_precision_without_an_outage_says_nothing_of_its_median() -> None:
    assert how_sure([], aim=Aim(0.1, 60, None)) == ""


def test_the_interval_is_that_of_the_look_at_which_the_run_stopped() -> None:
    seven, more = close_together(7), [*close_together(7), *around(20)]
    first = plain(how_sure(seven, aim=Aim(0.1, 60, 7))).partition(" None of ")[0]
    assert plain(how_sure(more, aim=Aim(0.1, 60, 7))).startswith(first)


def test_the_headline_knows_what_was_asked_for_and_where_the_run_stopped() -> None:
    history = pod_replacement(*[Story()] * 8)
    history.meta.parameters |= {"until_precision": 0.4, "max_trials": 60}
    assert ", but the run ended before its next look at that. " in plain(headline(Reading(history)))
    for n, stop in ((5, False), (7, True)):
        history.marks.append((0, LOOKED, {"n": n, "stop": stop}))
    assert ", within 40% as asked. " in plain(headline(Reading(history)))


def test_what_a_run_looks_at_is_what_the_headline_is_about() -> None:
    reading = Reading(pod_replacement(Story(), Story()))
    found = outages(reading)
    assert len(found) == 2
    assert plain(over_faults(found)) in plain(headline(reading))
    reading.history.series = [s for s in reading.history.series if s.probe != "http"]
    by_dns = outages(Reading(reading.history))
    assert len(by_dns) == 2
    assert plain(over_faults(by_dns)) in plain(headline(Reading(reading.history)))


def test_a_cache_that_the_probes_fill_is_named_where_dns_takes_a_part_of_the_outage() -> None:
    slow = replace(Story().shifted(-30.0), old_stops_s=0.04, old_failed_s=0.2, dns_back_s=30.0, ends_s=31.0)
    said = plain(headline(Reading(pod_replacement(slow))))
    assert said.endswith("put it there: a client that asks less often may wait less.")
    assert "keep a denial" not in plain(headline(Reading(pod_replacement())))
