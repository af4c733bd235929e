"""simultaneous-failure on the sandbox: order of recovery, what MySQL clients saw, and that its checkers can fail."""

import re
from functools import partial
from typing import Any

from chaos.analysis.reading import Reading
from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("simultaneous-failure")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)


def samples_of(history: History, client: str) -> Any:
    watched = next(d for _, what, d in history.marks if what == "mysql-watch" and d["client"] == client)
    return history.samples[watched["series"]]


def test_all_holds_and_both_own_questions_are_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert said(history, "serial-or-parallel").startswith("Serial under OrderedReady")


def test_a_mysql_client_sees_the_name_go_at_once_and_the_second_member_wait_for_the_first(history: History) -> None:
    text = said(history, "mysql-clients")
    assert "NXDOMAIN (resolve)" in text
    assert "the later one waits for the one before" in text
    assert "EOF (idle) once" in text, "the connection that was open to a deleted member"


def test_a_member_that_does_not_come_back_fails(edited: History) -> None:
    samples = samples_of(edited, "mysql-cluster-1")
    failed = next(p for p in samples.outcome if edited.outcomes[p].status == "NXDOMAIN")
    for position in range(len(samples) - 25, len(samples)):
        samples.outcome[position] = failed
    assert verdicts(edited)["mysql-clients-come-back"] == "fail"
    assert said(edited, "mysql-clients") == ""


def test_a_lost_connection_to_the_member_that_was_left_alone_fails(edited: History) -> None:
    ended = next(p for p in samples_of(edited, "open to mysql-cluster-0").outcome if edited.outcomes[p].status == "EOF")
    samples = samples_of(edited, "open to mysql-cluster-2")
    samples.outcome[len(samples) // 2] = ended
    assert verdicts(edited)["mysql-clients-come-back"] == "fail"


def test_without_the_members_deletion_nothing_is_said_of_clients(edited: History) -> None:
    edited.marks[:] = [mark for mark in edited.marks if mark[1] != "mysql"]
    assert verdicts(edited)["mysql-clients-come-back"] == "unknown"
    assert said(edited, "mysql-clients") == ""


def test_a_pod_that_does_not_wait_for_the_one_before_fails(edited: History) -> None:
    """The watch's first sight of web-1's successor is put before web-0's was Ready."""
    deleted = next(f for f in edited.faults if len(f.targets) == 3)
    old = {pod.uid for pod in deleted.targets}
    for position, event in enumerate(edited.events):
        if event.name == "web-1" and event.type == "ADDED" and event.uid not in old and event.at_ns > deleted.sent_ns:
            edited.events[position] = type(event)(**{**_fields(event), "at_ns": deleted.sent_ns + 1_000_000})
            break
    edited.events.sort(key=lambda event: event.at_ns)
    assert verdicts(edited)["ordered-is-serial"] == "fail"
    assert said(edited, "serial-or-parallel") == ""


def test_pods_that_did_not_wait_are_told_each_with_its_time(history: History) -> None:
    summary = next(
        c(Reading(history)).summary for c in EXPERIMENT.checkers if not isinstance(c, str) and "parallel" in c.__name__
    )
    assert re.search(r"web-parallel-1 was created \S+ m?s before web-parallel-0 was Ready", summary)
    assert "All three MySQL members at once were not tried" in said(history, "mysql-clients")


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}
