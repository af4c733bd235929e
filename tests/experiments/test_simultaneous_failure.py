"""simultaneous-failure on the sandbox: order of recovery, what MySQL clients saw, and that its checkers can fail."""

import re
from dataclasses import replace
from functools import partial

import pytest

from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.experiment import History, find_experiment
from chaos.model import Outcome, WatchGap
from experiments.simultaneous_failure import ORDERED_PODS, PARALLEL_PODS, parallel_ns, starts
from tests.edited import Edited, SeriesEdit
from tests.experiments import lab

EXPERIMENT = find_experiment("simultaneous-failure")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)


AT_ONCE_NS = 1_000_000_000
LEFT, GONE = "mysql-cluster-2", "mysql-cluster-0"


@pytest.fixture
def changed(history: History) -> Edited:
    """Its seconds count from the MySQL members' deletion."""
    edited = Edited(history)
    edited.zero_ns = next(at for at, what, d in history.marks if what == "mysql" and d["step"] == "deleting")
    return edited


def client(edited: Edited, pod: str, probe: str = "mysql") -> SeriesEdit:
    return edited.series(f"{pod}.mysql-cluster:3306", probe=probe)


def test_all_holds_and_both_own_questions_are_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    text = said(history, "serial-or-parallel")
    assert text.startswith(
        "Under OrderedReady pods came back one by one. Ready after the first request: web-0 at most "
    )
    assert text.count("The last name was back in every view at most") == 2
    assert "longer" not in text, "one run of each is no difference"
    waits = r"the end of its old object and its creation: web-0 \S+ m?s, web-1 \S+ m?s, web-2 \S+ m?s\."
    assert re.search(waits, text), text
    assert text.endswith("judged of web only, of whose pods 2, then 3 were deleted together.")


def test_the_headline_says_whether_they_come_back_one_by_one_or_at_once(history: History) -> None:
    said_of = [
        r"Under OrderedReady pods came back one by one: the last of 3 was Ready at most \S+ s after .*\.",
        r"Under Parallel not all waited for the one before: the last of 3 was Ready at most \S+ s after .*\.",
        r"Two MySQL members .*: mysql-cluster-0 for between .* s, mysql-cluster-1 for between \S+ and \S+ s\.",
    ]
    text = lab.headline(EXPERIMENT, history)
    assert re.fullmatch(".*: " + " ".join(said_of), text), text
    assert "alike" not in text


def test_the_headline_leaves_out_what_was_not_seen(changed: Edited) -> None:
    lost = client(changed, "mysql-cluster-1")
    history = lost.say(lost.told("NXDOMAIN"), after=4.0).history
    assert "MySQL" not in lab.headline(EXPERIMENT, history)
    assert "one by one" in lab.headline(EXPERIMENT, history)


def test_each_pod_counts_from_the_request_that_deleted_it(history: History) -> None:
    together = [fault for fault in history.faults if len(fault.targets) > 1]
    assert together
    for fault in together:
        assert set(fault.requests) == {target.name for target in fault.targets}
        assert min(sent_ns for sent_ns, _ in fault.requests.values()) == fault.sent_ns
        assert max(accepted_ns for _, accepted_ns in fault.requests.values()) == fault.accepted_ns
    for trial in trials(Reading(history)):
        own = trial.fault.requests.get(trial.target.name, (trial.sent_ns, trial.accepted_ns))
        assert (trial.origin.interval.after_ns, trial.cause_ns) == own
    assert any(trial.cause_ns < trial.accepted_ns for trial in trials(Reading(history)))


def test_a_mysql_client_sees_the_name_go_at_once_and_the_second_member_wait_for_the_first(history: History) -> None:
    text = said(history, "mysql-clients")
    assert text.startswith("It loses each deleted member until that one is back.")
    assert "NXDOMAIN (resolve)" in text
    assert "the later one waits for the one before" in text
    assert "EOF (idle) once" in text, "the connection that was open to a deleted member"


def test_a_member_that_was_not_back_later_is_not_said_to_have_waited(changed: Edited) -> None:
    second = client(changed, "mysql-cluster-1")
    history = second.say(second.told("OK"), after=2.0).history
    assert verdicts(history)["mysql-clients-come-back"] == "ok"
    assert "waits for the one before" not in said(history, "mysql-clients")


def test_a_member_that_does_not_come_back_fails(changed: Edited) -> None:
    lost = client(changed, "mysql-cluster-1")
    history = lost.say(lost.told("NXDOMAIN"), after=4.0).history
    assert verdicts(history)["mysql-clients-come-back"] == "fail"
    assert said(history, "mysql-clients") == ""


def test_a_member_that_is_lost_again_fails(changed: Edited) -> None:
    lost = client(changed, GONE)
    over_s = changed.seconds(
        next(at for at, what, d in changed.history.marks if what == "mysql" and d["step"] == "over")
    )
    history = lost.say(lost.told("NXDOMAIN"), after=over_s - 0.3).history
    assert verdicts(history)["mysql-clients-come-back"] == "fail"


def test_a_member_that_nobody_heard_again_is_unknown(changed: Edited) -> None:
    history = client(changed, "mysql-cluster-1").say(Outcome("TIMEOUT", "connect"), after=1.0).history
    assert verdicts(history)["mysql-clients-come-back"] == "unknown"


def test_a_member_whose_connections_only_timed_out_was_not_seen_to_be_lost(changed: Edited) -> None:
    lost = client(changed, GONE)
    lost.say(lost.told("OK"), after=1.0)
    history = lost.say(Outcome("TIMEOUT", "connect"), after=0.0, before=1.0).history
    assert verdicts(history)["mysql-clients-come-back"] == "unknown"


def test_a_lost_connection_to_the_member_that_was_left_alone_fails(changed: Edited) -> None:
    ended = client(changed, GONE, "mysql-stream").told("EOF")
    history = client(changed, LEFT, "mysql-stream").say(ended, after=1.0, before=1.3).history
    assert verdicts(history)["mysql-clients-come-back"] == "fail"


def test_a_question_to_the_member_that_was_left_alone_that_timed_out_is_unknown(changed: Edited) -> None:
    silence = Outcome("TIMEOUT", "response")
    history = client(changed, LEFT, "mysql-stream").say(silence, after=1.0, before=1.3).history
    assert verdicts(history)["mysql-clients-come-back"] == "unknown"


def test_without_the_members_deletion_nothing_is_said_of_clients(changed: Edited) -> None:
    history = changed.notes("mysql").drop().history
    assert verdicts(history)["mysql-clients-come-back"] == "unknown"
    assert said(history, "mysql-clients") == ""


def move_successor(
    edited: Edited, pod: str, since_ns: int, by_s: float, *, creation_only: bool = False, with_old: bool = False
) -> None:
    """The watch shows the pod that takes a name after an instant earlier or later, or only its creation."""
    events = edited.history.events
    mine = [e for e in events if e.kind == "Pod" and e.name == pod and e.at_ns > since_ns]
    created = next(e for e in mine if e.type == "ADDED")
    for position, event in enumerate(events):
        if event is created or (event in mine and (with_old or (event.uid == created.uid and not creation_only))):
            events[position] = replace(event, at_ns=event.at_ns + round(by_s * 1e9))
    events.sort(key=lambda event: event.at_ns)


def test_a_pod_that_does_not_wait_for_the_one_before_fails(changed: Edited) -> None:
    deleted = next(f for f in changed.history.faults if len(f.targets) == 3)
    move_successor(changed, "web-1", deleted.sent_ns, -1.0, creation_only=True)
    assert verdicts(changed.history)["ordered-is-serial"] == "fail"
    assert said(changed.history, "serial-or-parallel") == ""


@pytest.mark.parametrize(("later_ns", "outcome"), [(0, "ok"), (-1, "fail")])
def test_a_pod_that_is_created_in_the_instant_in_which_the_one_before_is_ready_waited_for_it(
    changed: Edited, later_ns: int, outcome: str
) -> None:
    deleted = next(f for f in changed.history.faults if len(f.targets) == 3)
    (_, _, ready_ns), (pod, created_ns, _), _ = starts(Reading(changed.history), deleted.sent_ns, ORDERED_PODS)
    by_s = (ready_ns + later_ns - created_ns) / 1e9
    move_successor(changed, pod, deleted.sent_ns, by_s, creation_only=True)
    assert verdicts(changed.history)["ordered-is-serial"] == outcome


@pytest.mark.parametrize(
    ("gone_ns", "created_ns", "outcome"),
    [
        (-AT_ONCE_NS - 1, 0, "fail"),
        (-1, AT_ONCE_NS, "fail"),
        (-1, AT_ONCE_NS - 1, "ok"),
        (0, AT_ONCE_NS + 1, "ok"),
    ],
)
def test_a_parallel_pod_waited_only_where_its_name_was_free_for_a_while_before_the_other_was_ready(
    changed: Edited, gone_ns: int, created_ns: int, outcome: str
) -> None:
    """Instants count from the readiness of the one before."""
    since_ns = parallel_ns(Reading(changed.history))
    (_, _, ready_ns), (pod, was_ns, _), _ = sorted(starts(Reading(changed.history), since_ns, PARALLEL_PODS))
    events = changed.history.events
    gone = next(e for e in events if e.name == pod and e.type == "DELETED" and e.at_ns > since_ns)
    events[events.index(gone)] = replace(gone, at_ns=ready_ns + gone_ns)
    move_successor(changed, pod, since_ns, (ready_ns + created_ns - was_ns) / 1e9)
    assert verdicts(changed.history)["parallel-is-at-once"] == outcome


def test_parallel_pods_that_wait_though_their_names_are_free_fail(changed: Edited) -> None:
    since_ns = next(at for at, what, d in changed.history.marks if what == "parallel" and d["step"] == "deleting")
    move_successor(changed, "web-parallel-1", since_ns, 5.0)
    assert verdicts(changed.history)["parallel-is-at-once"] == "fail"
    assert "after its name was free" in lab.summary(EXPERIMENT, changed.history, "parallel-is-at-once")


def test_parallel_pods_whose_own_predecessors_ended_late_say_nothing(changed: Edited) -> None:
    since_ns = next(at for at, what, d in changed.history.marks if what == "parallel" and d["step"] == "deleting")
    for number in (1, 2):
        move_successor(changed, f"web-parallel-{number}", since_ns, number * 5.0, with_old=True)
    assert verdicts(changed.history)["parallel-is-at-once"] == "unknown"
    assert "Parallel" not in said(changed.history, "serial-or-parallel")
    assert "Parallel" not in lab.headline(EXPERIMENT, changed.history)


def test_a_parallel_pod_that_was_created_late_because_its_old_one_was_is_not_counted_as_early(changed: Edited) -> None:
    since_ns = parallel_ns(Reading(changed.history))
    move_successor(changed, "web-parallel-2", since_ns, 5.0, with_old=True)
    assert verdicts(changed.history)["parallel-is-at-once"] == "ok"
    summary = lab.summary(EXPERIMENT, changed.history, "parallel-is-at-once")
    assert "Whether web-parallel-2 waited for web-parallel-1 is not known." in summary
    assert "Under Parallel not all waited for the one before" in lab.headline(EXPERIMENT, changed.history)


@pytest.mark.parametrize("checker", ["ordered-is-serial", "parallel-is-at-once"])
def test_a_gap_of_the_watch_leaves_the_order_unknown(changed: Edited, checker: str) -> None:
    changed.history.gaps.append(WatchGap("Pod", 0, changed.zero_ns, "the connection broke"))
    assert verdicts(changed.history)[checker] == "unknown"
    assert "the watch of pods had a gap" in lab.summary(EXPERIMENT, changed.history, checker)


def test_pods_that_did_not_wait_are_told_each_with_its_time(history: History) -> None:
    summary = lab.summary(EXPERIMENT, history, "parallel-is-at-once")
    assert re.search(r"web-parallel-1 was created \S+ m?s before web-parallel-0 was Ready", summary)
    assert "This run did not delete all three MySQL members at once." in said(history, "mysql-clients")


def test_silence_after_the_fault_is_no_verdict_on_clients(history: History) -> None:
    quiet = lab.silent(history)
    assert verdicts(quiet)["mysql-clients-come-back"] == "unknown"
    assert not said(quiet, "mysql-clients")
    assert "The last name was back" not in said(quiet, "serial-or-parallel")
    assert "MySQL" not in lab.headline(EXPERIMENT, quiet)


def test_each_note_that_is_missing_leaves_its_checkers_unknown(history: History) -> None:
    assert lab.unknown_without(EXPERIMENT, history) == {
        "parallel": {"parallel-is-at-once"},
        "mysql": {"mysql-clients-come-back"},
        "waited": set(),
    }
