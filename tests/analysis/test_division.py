"""How an outage divides, and which part is called its cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.analysis.division import Division, divisions
from chaos.analysis.questions import answer_all
from chaos.analysis.reading import Reading
from chaos.model import Interval, Outcome, Samples
from tests.edited import Edited
from tests.histories import NXDOMAIN, Story, ns, pod_replacement

QUICK = replace(Story().shifted(-30.0), old_stops_s=0.04, old_failed_s=0.2)


def divided(story: Story) -> Division:
    (found,) = divisions(Reading(pod_replacement(story)))
    return found


def lengths(found: Division) -> dict[str, Interval | None]:
    return {part.key: part.length for part in found.parts}


def test_each_part_holds_what_the_story_says() -> None:
    story = Story()
    of = lengths(divided(story))
    truth = {
        "old-gone": story.old_gone_s - story.dns_lost_s,
        "created": story.created_s - story.old_gone_s,
        "scheduled": story.scheduled_s - story.created_s,
        "addressed": story.ready_s - story.scheduled_s,
        "ready": 0.0,
        "endpoint-ready": story.endpoint_ready_s - story.ready_s,
        "dns-back": story.dns_back_s - story.endpoint_ready_s,
    }
    for key, length_s in truth.items():
        length = of[key]
        assert length is not None
        assert length.covers(ns(length_s)), key


def test_the_parts_together_are_the_outage() -> None:
    found = divided(QUICK)
    parts = [part.length for part in found.parts]
    assert all(part is not None and part.before_ns is not None for part in parts)
    assert sum(part.after_ns for part in parts if part) <= found.total.after_ns
    assert found.total.before_ns is not None
    assert found.total.before_ns <= sum(part.before_ns or 0 for part in parts if part)


@pytest.mark.parametrize(
    ("story", "cause"),
    [
        (Story(), "termination"),
        (replace(QUICK, ready_s=5.0, endpoint_ready_s=5.01, dns_back_s=5.02, ends_s=6.0), "start"),
        (
            replace(QUICK, scheduled_s=5.0, ready_s=5.5, endpoint_ready_s=5.51, dns_back_s=5.52, ends_s=7.0),
            "controller",
        ),
        (replace(QUICK, endpoint_ready_s=30.0, dns_back_s=30.01, ends_s=31.0), "endpoints"),
        (replace(QUICK, dns_back_s=30.0, ends_s=31.0), "dns"),
    ],
)
def test_what_makes_most_of_it_is_its_cause(story: Story, cause: str) -> None:
    found = divided(story).cause
    assert found is not None
    assert found[0].key == cause


def test_without_lower_bounds_nothing_is_a_cause_but_what_was_sampled() -> None:
    history = pod_replacement(replace(QUICK, ready_s=5.0, endpoint_ready_s=5.01, dns_back_s=5.02, ends_s=6.0))
    history.revisions.clear()
    (found,) = divisions(Reading(history))
    assert found.cause is None


def test_a_step_seen_after_its_successor_takes_what_is_left() -> None:
    """The watch may show Ready later than DNS gives the address; a negative share would be nonsense."""
    of = lengths(divided(replace(Story(), ready_s=32.3, endpoint_ready_s=32.31)))
    assert all(part is not None and 0 <= part.after_ns <= (part.before_ns or 0) for part in of.values())
    assert of["dns-back"] == Interval(0, of["dns-back"].before_ns if of["dns-back"] else 0)


def test_what_ended_while_the_name_still_worked_takes_nothing_of_it() -> None:
    """As with publishNotReadyAddresses: the outage begins when the container stops, not with the deletion."""
    story = replace(Story(), endpoint_not_ready_s=31.1, dns_lost_s=31.11, old_stops_s=31.0, old_failed_s=None)
    found = divided(story)
    termination = lengths(found)["old-gone"]
    assert termination is not None
    assert (termination.before_ns or 0) < ns(0.6)


def test_a_step_that_was_not_seen_leaves_its_two_parts_open_and_no_other() -> None:
    history = pod_replacement()
    history.events = [e for e in history.events if e.kind != "EndpointSlice"]
    (found,) = divisions(Reading(history))
    unseen = {part.key for part in found.parts if part.length is None}
    assert unseen == {"endpoint-ready", "dns-back"}


def test_an_outage_that_did_not_end_is_not_divided() -> None:
    assert divisions(Reading(pod_replacement(replace(Story(), dns_back_s=99.0)))) == []


def test_it_is_that_of_the_pods_own_name_and_not_of_a_service_that_leads_to_it() -> None:
    history = pod_replacement()
    own = next(s for s in history.series if s.probe == "http")
    other = replace(own, id=len(history.series), record="web-0-ip:80")
    history.series.append(other)
    history.samples[other.id] = Samples()
    for sent_ns, received_ns in ((ns(1), ns(1.1)), (ns(3), ns(3.1)), (ns(4), ns(4.1))):
        works = sent_ns != ns(3)
        outcome = next(n for n, o in enumerate(history.outcomes) if (o.status == "OK") == works)
        history.samples[other.id].append(sent_ns, sent_ns, received_ns, outcome)
    (found,) = divisions(Reading(history))
    assert found.total.after_ns > ns(30)


def test_a_pod_that_is_ready_and_does_not_answer_yet_is_what_is_waited_for() -> None:
    """As without a readiness probe. A client that is refused a hundred times does not wait for its next try."""
    refused = Outcome("ECONNREFUSED", "connect")
    slow = replace(QUICK, ends_s=30.0)
    history = Edited(pod_replacement(slow)).series(probe="http").say(refused, after=2.0, before=12.0).history
    (found,) = divisions(Reading(history))
    assert found.cause is not None
    assert found.cause[0].key == "answer"


def test_dns_is_over_when_it_is_right_for_good() -> None:
    edited = Edited(pod_replacement(replace(QUICK, ends_s=30.0)))
    edited.series("A web-0.web").say(NXDOMAIN, after=3.0, before=20.0)
    history = edited.series(probe="http").say(Outcome("NXDOMAIN", "resolve"), after=3.0, before=20.0).history
    (found,) = divisions(Reading(history))
    assert found.cause is not None
    assert found.cause[0].key == "dns"


def test_an_outage_that_began_before_the_fault_is_none_of_its_own() -> None:
    refused = Outcome("ECONNREFUSED", "connect")
    history = Edited(pod_replacement(QUICK)).series(probe="http").say(refused, after=-0.6, before=2.9).history
    assert divisions(Reading(history)) == []


def test_after_a_step_that_was_not_seen_no_part_has_a_lower_bound() -> None:
    history = pod_replacement(replace(QUICK, ends_s=30.0))
    history = (
        Edited(history).series(probe="http").say(Outcome("ECONNREFUSED", "connect"), after=2.0, before=12.0).history
    )
    history.events = [e for e in history.events if e.kind != "EndpointSlice"]
    (found,) = divisions(Reading(history))
    last = found.causes[-1].length
    assert last is not None
    assert last.after_ns == 0
    assert found.cause is None


def test_an_outage_between_two_questions_has_no_cause() -> None:
    story = replace(QUICK, ready_s=5.0, endpoint_ready_s=5.01, dns_back_s=5.02, ends_s=6.0)
    history = pod_replacement(story)
    history.series = [replace(s, period_s=10.0) if s.probe == "dns" else s for s in history.series]
    (found,) = divisions(Reading(history))
    assert found.unasked
    assert found.cause is None
    said = answer_all(Reading(history), ["dns-update"])[0].answer
    assert "DNS was asked every 10.00 s: too seldom to say what made 1 of 1 outage by name." in said
    assert "made most" not in said
