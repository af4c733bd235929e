"""scale-cycle on the sandbox: what goes, what comes back, what stays; its checkers can fail."""

import copy
import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chaos.analysis.reading import Reading
from chaos.experiment import History, find_experiment, pod_steps
from experiments.scale_cycle import late_answers
from tests.edited import Edited, SeriesEdit
from tests.experiments import lab
from tests.histories import NXDOMAIN, TIMED_OUT

EXPERIMENT = find_experiment("scale-cycle")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
OWN = ("order-is-kept", "names-go-and-come-back", "gone-stays-gone", "volumes-are-kept")
KEYS = ("scaling-challenges", "backup-differs")
AWAY_S = 2.0  # web-2 has gone by then, and the scaling up is later


@pytest.fixture
def changed(history: History) -> Edited:
    """Its seconds count from the scaling down."""
    return Edited(history)


def up_s(edited: Edited) -> float:
    return edited.seconds(edited.history.faults[1].sent_ns)


def web_2(edited: Edited) -> SeriesEdit:
    """What one server said of web-2's name."""
    views = sorted({s.view for s in edited.history.series if s.record == "A web-2.web"} - {"service"})
    return edited.series("A web-2.web", views[0])


def test_everything_is_as_the_hypothesis_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert "in a fixed order, as here. web-2.web was gone from every view at most" in said(history, KEYS[0])
    assert "with podManagementPolicy OrderedReady" in said(history, KEYS[0])
    assert "Deployment" not in said(history, KEYS[0])
    assert "A pod gets SIGTERM, which does not say that its removal is for good" in said(history, KEYS[0])
    assert "decides that: here whenScaled is Retain." in said(history, KEYS[0])
    assert "data-web-2 and data-web-1 stayed bound" in said(history, KEYS[1])
    assert "s after the scaling down, and Ready again at most " in lab.headline(EXPERIMENT, history)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"volume": "another"}, "data-web-1 is not the same after"),
        ({"uid": "of a claim made anew"}, "data-web-1 is not the same after"),
        ({"uid": "", "volume": ""}, "data-web-1 is gone after"),
    ],
)
def test_a_claim_that_is_not_the_same_fails_and_nothing_is_said_about_backups(
    changed: Edited, values: dict[str, Any], told: str
) -> None:
    history = changed.notes("claim", phase="after", claim="data-web-1").say(**values).history
    assert verdicts(history)["volumes-are-kept"] == "fail"
    assert told in lab.summary(EXPERIMENT, history, "volumes-are-kept")
    assert said(history, KEYS[1]) == ""
    assert "kept their UIDs and volumes" not in said(history, KEYS[0])


def test_claims_that_were_not_looked_at_or_never_had_a_volume_are_unknown(changed: Edited, history: History) -> None:
    unseen = changed.notes("claim", phase="after", claim="data-web-1").drop().history
    assert verdicts(unseen)["volumes-are-kept"] == "unknown"
    history = Edited(history).notes("claim", claim="data-web-1").say(volume="").history
    assert verdicts(history)["volumes-are-kept"] == "unknown"


def test_an_old_address_after_nxdomain_fails_and_is_counted(changed: Edited) -> None:
    assert re.search(r" 0 of \d+ answers of the single servers gave the old address\.", said(changed.history, KEYS[0]))
    assert "after its own NXDOMAIN" not in said(changed.history, KEYS[0]), "that says it already"
    history = web_2(changed).say(web_2(changed).told("NOERROR"), after=AWAY_S, before=AWAY_S + 0.05).history
    assert verdicts(history)["gone-stays-gone"] == "fail"
    assert "gave the old address" not in said(history, KEYS[0])


def test_answers_of_a_server_that_had_not_said_gone_yet_are_counted_once_for_the_verdict_and_the_answer(
    history: History,
) -> None:
    """The other server said so first; these are no second thoughts."""
    slow = next(one for one in late_answers(Reading(history)) if one.pod == "web-2" and one.view != "service")
    edited = Edited(history)
    first_s = edited.seconds(slow.first_ns)
    of_slow = edited.series("A web-2.web", slow.view)
    for until_s, told in ((0.08, r"yet, at most \d+ ms after that"), (0.2, r"yet, the last at most \d+ ms after that")):
        of_slow.say(of_slow.told("NOERROR"), before=first_s + until_s)
        found = lab.summary(EXPERIMENT, edited.history, "gone-stays-gone")
        assert re.search(r"gave the old address, from a server that had not said so " + told, found)
        assert found.startswith("No DNS server gave a removed pod's address again after its own NXDOMAIN. After")
        assert found in said(edited.history, KEYS[0])


def test_a_question_that_was_sent_when_nxdomain_came_is_not_after_it(history: History) -> None:
    direct = [one for one in late_answers(Reading(history)) if (one.pod, one.view != "service") == ("web-2", True)]
    assert len(direct) == 2
    for one in direct:
        of_one = Edited(history).series("A web-2.web", one.view)
        (samples,) = (of_one.of.history.samples[series.id] for series in of_one.series)
        position = next(p for p, sent_ns in enumerate(samples.sent_ns) if sent_ns > (one.own_ns or 0))
        samples.sent_ns[position] = one.own_ns or 0
        edited = of_one.say_once(of_one.told("NOERROR"), position).history
        assert verdicts(edited)["gone-stays-gone"] == "ok"
        old = 0 if one.own_ns == one.first_ns else 1  # after that of the server that was the first
        assert f"at any view {old} of " in lab.summary(EXPERIMENT, edited, "gone-stays-gone")


def test_a_server_that_never_said_gone_is_no_verdict(changed: Edited) -> None:
    of_all = changed.series("A web-2.web")
    there = of_all.told("NOERROR")
    history = web_2(changed).say(there, after=0.0, before=up_s(changed)).history
    assert verdicts(history)["gone-stays-gone"] == "unknown"
    assert verdicts(history)["names-go-and-come-back"] == "fail"
    assert verdicts(of_all.say(there).history)["gone-stays-gone"] == "unknown"


def test_a_server_that_fell_silent_after_nxdomain_is_no_verdict(changed: Edited) -> None:
    history = web_2(changed).say(TIMED_OUT, after=AWAY_S).history
    found = verdicts(history)
    assert found["gone-stays-gone"] == found["names-go-and-come-back"] == "unknown"


def test_a_pod_that_went_before_its_turn_fails(changed: Edited) -> None:
    pods = [e for e in changed.history.events if e.kind == "Pod"]
    first = next(e for e in pods if e.name == "web-2" and "deletionTimestamp" in e.object["metadata"])
    going = copy.deepcopy(next(e for e in pods if e.name == "web-1" and e.at_ns < first.at_ns))
    going.object["metadata"]["deletionTimestamp"] = "now"
    changed.history.events.insert(changed.history.events.index(first), replace(going, at_ns=first.at_ns))
    assert verdicts(changed.history)["order-is-kept"] == "fail"
    assert "not measured" in lab.headline(EXPERIMENT, changed.history)


def test_what_the_watch_told_in_one_instant_is_in_order(changed: Edited) -> None:
    events, steps = changed.history.events, pod_steps(Reading(changed.history))

    def step_ns(what: str, pod: str, *, last: bool = False) -> int:
        return [one.at_ns for one in steps if (one.what, one.pod) == (what, pod)][-1 if last else 0]

    moves = {
        step_ns("gone", "web-2"): step_ns("terminating", "web-1"),
        step_ns("ready", "web-1", last=True): step_ns("created", "web-2", last=True),
    }
    events[:] = [replace(event, at_ns=moves.get(event.at_ns, event.at_ns)) for event in events]
    events.sort(key=lambda event: event.at_ns)
    assert verdicts(changed.history)["order-is-kept"] == "ok"


def test_a_gap_of_the_watch_or_a_step_that_was_not_seen_leaves_the_order_unknown(
    changed: Edited, history: History
) -> None:
    assert "the watch of pods had a gap" in lab.summary(EXPERIMENT, changed.blind(0.1, 0.2).history, OWN[0])
    unseen = Edited(history).without_events(lambda e: e.name == "web-2" and e.type == "DELETED").history
    assert verdicts(unseen)["order-is-kept"] == "unknown"
    assert not said(unseen, KEYS[0])


def test_single_servers_that_were_not_asked_are_no_witnesses(changed: Edited) -> None:
    views = {s.view for s in changed.history.series if s.probe == "dns"} - {"service"}
    assert verdicts(changed.without_views(*views).history)["gone-stays-gone"] == "unknown"


def test_a_scaling_up_that_was_not_seen_to_its_end_is_unknown(changed: Edited) -> None:
    changed.history.faults[1] = replace(changed.history.faults[1], ended_ns=None)
    assert verdicts(changed.history) == dict.fromkeys(OWN, "unknown") | {"volumes-are-kept": "ok"}
    assert "it was not scaled down and up" in lab.summary(EXPERIMENT, changed.history, OWN[0])


def test_a_pod_that_came_back_to_another_claim_leaves_nothing_to_say_of_backups(changed: Edited) -> None:
    for event in changed.history.events:
        if event.kind == "Pod" and event.name == "web-1" and changed.seconds(event.at_ns) > up_s(changed):
            claims = [
                v["persistentVolumeClaim"] for v in event.object["spec"]["volumes"] if "persistentVolumeClaim" in v
            ]
            claims[0]["claimName"] = "data-web-0"
    assert not said(changed.history, KEYS[1])


def test_a_name_that_does_not_come_back_or_with_another_address_fails(changed: Edited) -> None:
    back = changed.series("A web-1.web", "service")
    old = back.told("NOERROR")
    assert verdicts(back.say(NXDOMAIN, after=up_s(changed)).history)["names-go-and-come-back"] == "fail"
    assert verdicts(back.say(old, after=up_s(changed)).history)["names-go-and-come-back"] == "fail"


def test_a_name_that_is_lost_again_fails(changed: Edited) -> None:
    last_s = changed.seconds(changed.history.faults[1].ended_ns or 0) - 0.2
    history = changed.series("A web-1.web", "service").say(NXDOMAIN, after=last_s).history
    assert verdicts(history)["names-go-and-come-back"] == "fail"


def test_a_name_that_should_stay_and_is_lost_for_a_moment_fails(changed: Edited) -> None:
    history = changed.series("A web-0.web", "service").say(NXDOMAIN, after=AWAY_S, before=AWAY_S + 0.05).history
    assert verdicts(history)["names-go-and-come-back"] == "fail"


def test_silence_after_the_fault_is_no_verdict_on_dns(history: History) -> None:
    found = verdicts(lab.silent(history))
    assert found["names-go-and-come-back"] == found["gone-stays-gone"] == "unknown"
    assert not said(lab.silent(history), KEYS[0])


def test_each_note_that_is_missing_leaves_its_checkers_unknown(history: History) -> None:
    assert lab.unknown_without(EXPERIMENT, history) == {"claim": {"volumes-are-kept"}, "waited": set()}


def test_a_run_that_scaled_nothing_says_so(edited: History) -> None:
    edited.faults, edited.marks = [], []
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == ["", ""]
