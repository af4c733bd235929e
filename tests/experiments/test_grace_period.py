"""grace-period on the sandbox: what each way to end costs whom, and that its checkers can fail."""

import re
from dataclasses import replace
from functools import partial

import pytest

from chaos.analysis.reading import Reading
from chaos.experiment import History, Outcome, client_views, find_experiment
from chaos.model.event import WatchGap
from experiments.grace_period import FirstProcess
from tests.edited import Edited
from tests.experiments import lab

OPTIONS = {"period_s": 0.05}
EXPERIMENT = find_experiment("grace-period")
said = partial(lab.answer, EXPERIMENT)
verdicts = partial(lab.verdicts, EXPERIMENT)


def outage_s(history: History, set_: str, record: str) -> tuple[float, float]:
    """Bounds of how long a client of a set had no answer."""
    view = next(v for v in client_views(Reading(history)) if v.record == record and v.trial.target.name == f"{set_}-0")
    length = view.outage_ns
    assert length is not None
    assert length.before_ns is not None
    return length.after_ns / 1e9, length.before_ns / 1e9


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    told = said(history, "grace-cost")
    assert told.startswith("By name clients lose the pod with its deletion; through its ClusterIP")
    assert re.search(r"\| dash: dash stays PID 1 \| between 3\d\.\d\d and 3\d\.\d\d s \| [^|]* s \| [^|]* s \|\n", told)
    assert told.count("\n  | ") == 7
    assert "What clients saw has" not in told


def test_the_advice_says_what_waiting_was_not_seen_to_do_and_of_how_many_deletions(history: History) -> None:
    told = said(history, "grace-advice")
    assert "Behind a shell that stays PID 1 and has no trap for the signal it was away for between 3" in told
    assert "does not tell whether it is shorter: one pod stood behind each service, with 1 deletion of each." in told
    assert "may wait" not in told
    assert "That is a trade-off. Clients that look the member up are without it for that time." in told
    ip = Edited(history).series("drain-ip:80", probe="http").say(Outcome("TIMEOUT", "connect"), after=0.0).history
    assert "makes a pod unreachable by its name for longer" in said(ip, "grace-advice")
    assert "are served while it waits" not in said(ip, "grace-advice")
    assert said(ip, "grace-cost").startswith("A row is one deletion")


def test_headline_and_advice_tell_of_each_set_whose_server_is_pid_1(history: History) -> None:
    first = lab.headline(EXPERIMENT, history)
    assert first.endswith("That rests on 1 deletion of each.")
    for one in ("ash", "exec"):
        least, most = outage_s(history, one, f"{one}-0.{one}:80")
        told = re.search(rf"between (\S+) and (\S+) s \({one}\)", first)
        assert told
        assert told[0] in said(history, "grace-advice")
        assert float(told[1]) <= least
        assert float(told[2]) >= most


@pytest.mark.parametrize(
    ("set_", "by_name_s", "by_address_s"),
    [
        ("ash", (0.5, 3), (0.5, 3)),
        ("dash", (30, 34), (0.5, 3)),
        ("exec", (0.5, 3), (0.5, 3)),
        ("hook", (5, 9), (0.5, 3)),
        ("drain", (5, 9), (0.5, 3)),
    ],
)
def test_by_name_the_whole_end_is_an_outage_and_through_the_clusterip_only_the_start_of_the_next_pod(
    history: History, set_: str, by_name_s: tuple[float, float], by_address_s: tuple[float, float]
) -> None:
    least_s, most_s = outage_s(history, set_, f"{set_}-0.{set_}:80")
    assert by_name_s[0] < least_s <= most_s < by_name_s[1]
    least_s, most_s = outage_s(history, set_, f"{set_}-ip:80")
    assert by_address_s[0] < least_s <= most_s < by_address_s[1]


def test_a_container_that_was_killed_is_told_with_its_exit_code(history: History) -> None:
    verdict = next(
        c(Reading(history))
        for c in EXPERIMENT.checkers
        if not isinstance(c, str) and c.__name__.startswith("only_a_deaf")
    )
    assert re.search(r"of dash was gone at most 3\d\.\d\d s after the deletion \(exit code 137\)", verdict.summary)
    assert re.search(r"of ash was gone at most \d\.\d+ s after the deletion \(exit code 0\)", verdict.summary)


def test_a_container_whose_end_was_not_shown_is_told_without_an_exit_code(edited: History) -> None:
    def without(pod: str, statuses: list[dict[str, object]]) -> None:
        for event in edited.events:
            if event.kind == "Pod" and event.name == pod:
                event.object["status"]["containerStatuses"] = statuses

    without("dash-0", [])
    without("ash-0", [{"name": "web", "state": {"running": {}}}])
    text = lab.summary(EXPERIMENT, edited, "only-a-deaf-shell-takes-the-whole-grace-period")
    assert text.count("(exit code ") == 3
    assert re.search(r"of dash was gone at most 3\d\.\d\d s after the deletion\.", text)


def test_another_first_process_than_meant_fails_and_one_that_is_not_known_is_unknown(history: History) -> None:
    name = "first-processes-are-as-meant"
    for pid_1, outcome in (("nginx", "fail"), ("", "unknown")):
        assert verdicts(Edited(history).notes(FirstProcess, set="dash").say(pid_1=pid_1).history)[name] == outcome
    assert lab.not_judged_without(EXPERIMENT, history, FirstProcess) == {name}


@pytest.mark.parametrize(
    ("set_", "grace_s", "outcome"), [("dash", 600, "fail"), ("ash", 3, "unknown"), ("ash", 4, "ok")]
)
def test_a_shell_that_ends_before_its_grace_period_is_over_fails_and_too_short_a_one_tells_nothing(
    edited: History, set_: str, grace_s: int, outcome: str
) -> None:
    (deleted,) = next(f.targets for f in edited.faults if f.targets[0].name == f"{set_}-0")
    for event in edited.events:
        if event.kind == "Pod" and event.uid == deleted.uid and event.object["metadata"].get("deletionTimestamp"):
            event.object["metadata"]["deletionGracePeriodSeconds"] = grace_s
    assert verdicts(edited)["only-a-deaf-shell-takes-the-whole-grace-period"] == outcome


def test_a_shell_that_is_gone_with_its_last_second_took_the_whole(edited: History) -> None:
    deletion = next(f for f in edited.faults if f.targets[0].name == "dash-0")
    gone = next(n for n, e in enumerate(edited.events) if e.type == "DELETED" and e.uid == deletion.targets[0].uid)
    edited.events[gone] = replace(edited.events[gone], at_ns=(deletion.accepted_ns or 0) + 30 * 1_000_000_000)
    edited.events.sort(key=lambda event: event.at_ns)
    assert verdicts(edited)["only-a-deaf-shell-takes-the-whole-grace-period"] == "ok"


def test_a_client_that_was_not_heard_is_named(history: History) -> None:
    silent = Edited(history).series("drain-ip:80", probe="http").say(Outcome("TIMEOUT", "connect"), after=0.0).history
    text = lab.summary(EXPERIMENT, silent, "who-is-connected-is-served-on")
    assert text == "Cannot be judged: drain: no client was seen to fail through the ClusterIP."


def test_a_name_that_goes_on_working_fails(history: History) -> None:
    by_name = Edited(history).series("hook-0.hook:80", probe="http")
    good = next(outcome for outcome in by_name.outcomes() if outcome.status == "OK")
    told_s = by_name.of.seconds(next(f.accepted_ns or 0 for f in history.faults if f.targets[0].name == "hook-0"))
    assert verdicts(by_name.say(good, before=told_s + 4).history)["the-name-goes-at-once"] == "fail"


def test_a_clusterip_that_fails_with_the_name_fails(edited: History) -> None:
    by_name, by_address = (
        next(s for s in edited.series if s.record == record and s.probe == "http")
        for record in ("drain-0.drain:80", "drain-ip:80")
    )
    edited.samples[by_address.id] = edited.samples[by_name.id]
    assert verdicts(edited)["who-is-connected-is-served-on"] == "fail"


def test_silence_and_a_client_that_never_worked_leave_the_verdicts_unknown(history: History) -> None:
    silent = (
        Edited(history).series("hook-0.hook:80", probe="http").say(Outcome("TIMEOUT", "resolve"), after=0.0).history
    )
    assert verdicts(silent)["the-name-goes-at-once"] == "unknown"
    never = Edited(history).series("hook-0.hook:80", probe="http").say(Outcome("NXDOMAIN", "resolve")).history
    assert verdicts(never)["the-name-goes-at-once"] == "unknown"


def test_a_short_failure_long_before_the_end_is_the_first_one(history: History) -> None:
    found = Edited(history)
    told_s = found.seconds(next(f.accepted_ns or 0 for f in history.faults if f.targets[0].name == "drain-0"))
    refused = Outcome("ECONNREFUSED", "connect")
    edited = found.series("drain-ip:80").say(refused, after=told_s + 0.3, before=told_s + 0.6).history
    assert verdicts(edited)["who-is-connected-is-served-on"] == "fail"


def test_a_deletion_that_was_not_made_leaves_the_verdicts_unknown(edited: History) -> None:
    edited.faults[:] = [fault for fault in edited.faults if fault.targets[0].name != "drain-0"]
    found = verdicts(edited)
    assert found["only-a-deaf-shell-takes-the-whole-grace-period"] == "unknown"
    assert found["the-name-goes-at-once"] == "unknown"
    assert found["who-is-connected-is-served-on"] == "unknown"


def test_silence_from_the_first_deletion_on_says_nothing_of_names(history: History) -> None:
    silent = Edited(history).silent().history
    found = verdicts(silent)
    assert found["the-name-goes-at-once"] == "unknown"
    assert found["who-is-connected-is-served-on"] == "unknown"
    assert said(silent, "grace-advice") == ""


def test_a_gap_in_the_watch_leaves_the_ends_unknown(edited: History) -> None:
    first, last = edited.faults[0], edited.faults[-1]
    edited.gaps.append(WatchGap("Pod", first.sent_ns, last.sent_ns, "cut"))
    assert verdicts(edited)["only-a-deaf-shell-takes-the-whole-grace-period"] == "unknown"
