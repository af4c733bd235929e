"""cache-cluster: what its checkers and answers make of a recorded run, and that the sandbox is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chaos.analysis.checkers import checker_name
from chaos.analysis.questions import Question
from chaos.errors import InconclusiveError
from chaos.experiment import Note, Options, find_experiment
from chaos.model import FaultWindow, History, Outcome, PodIdentity, RunMeta, Samples, Series
from experiments.cache_cluster import Claims, Entrance, Formed, Introduced, Members, Read, Victim
from experiments.cache_cluster.redis_cluster import Seen, Writes
from tests.edited import Edited
from tests.experiments import lab
from tests.sandboxed import run_sandboxed

EXPERIMENT = find_experiment("cache-cluster")
PODS = [f"redis-cluster-{ordinal}" for ordinal in range(6)]
_S = 1_000_000_000
OWN, OTHER = "of the deleted master", "of another master"


def recorded() -> History:
    """The notes of a run on a real cluster, shortened."""
    history = History(RunMeta("cache-cluster", simulated=False, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    history.status = "complete"

    def note(at_s: float, one: Note) -> None:
        history.marks.append((round(at_s * _S), one.kind, one.details()))

    def members(at_s: float, phase: str, state: str = "ok", right: int = 6) -> None:
        ids = {pod: f"id-{pod}" for pod in PODS}
        for pod in PODS:
            note(at_s, Members(phase, pod, state, tuple(PODS[:3]), 16384, 6, right, ids))

    def claims(at_s: float, phase: str) -> None:
        note(at_s, Claims(phase, {f"redis-data-{pod}": [f"u-{pod}", f"pvc-{pod}"] for pod in PODS}))

    def seen(trial: int, by: str, after_s: float | None, before_s: float, owner: str, flags: str, address: str) -> None:
        note(before_s, Seen(trial, by, PODS[0], owner, flags, address, "as before", "ok", after_s, before_s))

    claims(1, "before")
    note(3, Formed(0, 2.153, "[OK] All 16384 slots covered."))
    members(4, "formed")
    note(5, Entrance(30, dict.fromkeys(PODS, 5), 26))
    for trial, zero_s in ((1, 10), (2, 20), (3, 40)):
        targets = tuple(_pod(name) for name in (PODS if trial == 3 else PODS[:1]))
        at_ns = zero_s * _S
        history.faults.append(
            FaultWindow("delete-pod", trial, targets, "accepted", at_ns - _S // 100, at_ns, at_ns + 8 * _S)
        )
    for trial, old in ((1, "10.244.2.100"), (2, "10.244.2.102")):
        note(9 + trial, Victim(trial, PODS[0], f"id-{PODS[0]}", "h", old))
        seen(trial, PODS[1], None, 9.9 if trial == 1 else 19.9, PODS[0], "master", old)
    seen(1, PODS[1], 12.5, 12.8, PODS[0], "master", "10.244.2.102")
    seen(2, PODS[1], 28.40, 28.60, PODS[4], "master,fail", "10.244.2.102")
    seen(2, PODS[2], 28.41, 28.55, PODS[4], "master,fail", "10.244.2.102")
    seen(2, PODS[1], 36.2, 36.4, PODS[4], "slave", "10.244.2.103")
    lost = {"ConnectionError: name not found": 9, "ClusterDownError": 5}
    note(18, Writes(1, OWN, 45, 31, lost, last_ok_s=-0.036, ok_again_s=3.99))
    lost = {"ConnectionError: name not found": 63}
    note(39, Writes(2, OWN, 299, 236, lost, last_ok_s=0.1, ok_again_s=8.6))
    note(39, Writes(2, OTHER, 299, 236, lost, last_ok_s=7.7, ok_again_s=8.7))
    members(50, "left alone", "fail", right=1)
    note(51, Introduced(PODS[0], 5, ()))
    for trial in (1, 2, 3):
        members(60, f"after trial {trial}")
        note(61, Read(f"after trial {trial}", "written before", 200, 200))
    claims(62, "after")
    return history


def _pod(name: str) -> PodIdentity:
    return PodIdentity(name, f"uid-{name}", "10.244.1.1", "node-1", name, name[-1])


def judged(history: History) -> dict[str, tuple[str, str]]:
    return {one.checker: (one.outcome.value, one.summary) for one in lab.own_verdicts(EXPERIMENT, history)}


def answers(history: History) -> dict[str, str]:
    return {q.key: lab.answer(EXPERIMENT, history, q.key) for q in EXPERIMENT.questions if isinstance(q, Question)}


def without(kind: type[Note], **where: Any) -> History:
    """The run, had it not written down some notes."""
    return Edited(recorded()).notes(kind, **where).drop().history


def kept_unseen() -> History:
    """No member saw another owner of the slots while the master was away."""
    return changed(Seen, {"owner": PODS[0]}, trial=2)


def changed(kind: type[Note], values: dict[str, Any], **where: Any) -> History:
    """The run, had it found something else."""
    return Edited(recorded()).notes(kind, **where).say(**values).history


def test_a_good_run_passes_every_check_with_its_own_figures() -> None:
    found = judged(recorded())
    assert {name: outcome for name, (outcome, _) in found.items()} == dict.fromkeys(found, "ok")
    assert set(found) == {checker_name(c) for c in EXPERIMENT.checkers if not isinstance(c, str)}
    assert "redis-cluster-4 took the slots between 8.41 and 8.55 s" in found["replica-takes-over"][1]
    assert "from 10.244.2.102 to 10.244.2.103 in trial 2" in found["names-stay-addresses-follow"][1]


@pytest.mark.parametrize(
    ("name", "history", "says"),
    [
        ("cluster-forms-by-name", changed(Formed, {"exit_code": 1, "said": "[ERR] no"}), "[ERR] no"),
        ("cluster-forms-by-name", changed(Members, {"slots": 9}, phase="formed", by=PODS[2]), "9 slots"),
        ("replica-takes-over", changed(Seen, {"owner": PODS[0]}, trial=2), "no member saw"),
        ("names-stay-addresses-follow", changed(Seen, {"named": "x"}, trial=1), "its name became x"),
        (
            "names-stay-addresses-follow",
            changed(Members, {"right_addresses": 5}, phase="after trial 2"),
            "5 of 6 addresses right",
        ),
        ("names-stay-addresses-follow", changed(Members, {"ids": {}}, phase="after trial 1"), "another id"),
        ("names-stay-addresses-follow", changed(Members, {"state": "fail"}, phase="after trial 1"), "says fail"),
        ("data-survives", changed(Read, {"there": 199}, phase="after trial 3"), "199 of 200"),
        (
            "volumes-kept",
            changed(Claims, {"found": {"redis-data-redis-cluster-0": ["other", "pvc"]}}, phase="after"),
            "redis-data-redis-cluster-0 is another one; redis-data-redis-cluster-1 is gone",
        ),
        ("volumes-kept", changed(Claims, {"found": {}}, phase="after"), "redis-data-redis-cluster-0 is gone"),
        (
            "names-alone-do-not-rejoin",
            changed(Members, {"state": "fail"}, phase="after trial 3"),
            "is fail after it was introduced",
        ),
    ],
)
def test_each_check_fails_where_its_claim_is_false(name: str, history: History, says: str) -> None:
    outcome, summary = judged(history)[name]
    assert outcome == "fail"
    assert says in summary


def taken_unseen() -> History:
    """Nobody who answered saw the new owner, and afterwards it is one."""
    edited = Edited(changed(Seen, {"owner": PODS[0]}, trial=2))
    return edited.notes(Members, phase="after trial 2").say(masters=[PODS[4], *PODS[1:3]]).history


@pytest.mark.parametrize(
    ("name", "history"),
    [
        ("cluster-forms-by-name", without(Formed)),
        ("cluster-forms-by-name", without(Members, phase="formed", by=PODS[1])),
        ("replica-takes-over", without(Seen, trial=2)),
        ("replica-takes-over", without(Victim, trial=2)),
        ("replica-takes-over", taken_unseen()),
        ("replica-takes-over", Edited(kept_unseen()).notes(Members, phase="after trial 2").drop().history),
        ("names-stay-addresses-follow", without(Victim, trial=1)),
        ("names-stay-addresses-follow", without(Members, phase="after trial 2")),
        ("names-stay-addresses-follow", without(Seen, trial=1)),
        ("data-survives", without(Read, phase="after trial 2")),
        ("volumes-kept", without(Claims, phase="after")),
        ("volumes-kept", changed(Claims, {"found": {"redis-data-redis-cluster-0": ["u", "pvc"]}})),
        ("names-stay-addresses-follow", changed(Members, {"state": "no answer"}, by=PODS[3])),
        ("cluster-forms-by-name", changed(Members, {"state": "no answer"}, by=PODS[3])),
        ("names-alone-do-not-rejoin", changed(Members, {"state": "no answer"}, by=PODS[3])),
        ("names-alone-do-not-rejoin", without(Members, phase="left alone")),
        ("names-alone-do-not-rejoin", without(Introduced)),
        ("names-alone-do-not-rejoin", changed(Members, {"right_addresses": 6}, phase="left alone")),
    ],
)
def test_what_was_not_measured_is_unknown(name: str, history: History) -> None:
    assert judged(history)[name][0] == "unknown"


def test_the_units_questions_are_answered_with_the_runs_figures() -> None:
    said = answers(recorded())
    assert "26 of 30 reads were answered with MOVED" in said["dual-service"]
    assert "came back at once, of the writes into its slots 14 of 45 failed for at most 4.03 s" in said["dual-service"]
    assert "stayed away, of the writes into its slots 63 of 299 failed for at most 8.50 s" in said["dual-service"]
    assert "In that trial, of the writes to a master that was never touched, 63 of 299" in said["other-systems"]
    assert "Why they failed was not measured." in said["other-systems"]
    assert "six names and no address known beforehand, in 2.15 s" in said["stable-formation"]
    assert "No member knew more than 1 of 6 addresses" in said["stable-formation"]
    assert "redis-cluster-4 replaced the one that stayed away between 8.41 and 8.55 s" in said["other-systems"]


def test_a_refusal_is_the_reason_for_as_many_writes_as_it_refused() -> None:
    errors = {"ConnectionError: name not found": 4, "ClusterDownError": 1}
    history = changed(Writes, {"errors": errors}, trial=2, slots=OTHER)
    assert "Redis answered 1 of these with ClusterDown: it refuses all writes" in answers(history)["other-systems"]
    assert "Why others failed was not measured." in answers(history)["other-systems"]
    assert "ClusterDown" not in answers(recorded())["other-systems"]


def test_connections_that_failed_while_all_members_were_away_are_told_apart_from_others() -> None:
    history = recorded()
    history.series = [Series(0, "tcp", "redis-cluster:6379", "service", "", "redis-cluster", 0.1, 1.0)]
    history.samples = {0: Samples()}
    history.outcomes = [Outcome("OK", "connect"), Outcome("ECONNREFUSED", "connect")]
    for sent_s, outcome in ((30, 0), (41, 1), (42, 0), (49, 0)):
        history.samples[0].append(sent_s * _S, sent_s * _S, sent_s * _S + 1, outcome)
    assert "to it failed" not in answers(history)["dual-service"], "when all was steady again was not seen"
    history.marks.append((45 * _S, "steady-state", {"trial": 3, "reached": True}))
    told = "until all was steady again 1 of 2 connections to it failed. At other times 0 of 2 connections failed."
    assert told in answers(history)["dual-service"]


def test_the_headline_tells_of_both_masters_and_of_all_members() -> None:
    told = lab.headline(EXPERIMENT, recorded())
    assert "Writes into its slots failed for at most 4.03 s when it came back at once." in told
    assert "Writes into its slots failed for at most 8.50 s when it stayed away." in told
    assert "they had not rejoined 11 s after all were Ready; CLUSTER MEET joined them." in told
    assert "CLUSTER MEET" not in lab.headline(EXPERIMENT, without(Introduced))


def test_the_headline_claims_the_data_only_where_they_were_read() -> None:
    assert "kept its id, name and data" in lab.headline(EXPERIMENT, recorded())
    lost = changed(Read, {"there": 199}, phase="after trial 1")
    assert "data" not in lab.headline(EXPERIMENT, lost)


def test_a_run_that_was_cut_short_answers_nothing_that_it_did_not_see() -> None:
    history = recorded()
    history.marks = history.marks[:6]
    assert answers(history) == dict.fromkeys(answers(history), "")
    assert {outcome for outcome, _ in judged(history).values()} == {"unknown"}


def test_the_sandbox_is_refused_because_it_has_no_gossip(tmp_path: Path) -> None:
    with pytest.raises(InconclusiveError, match="needs a real cluster") as caught:
        run_sandboxed(tmp_path, Options(max_qps=None), experiment=EXPERIMENT)
    assert caught.value.exit_code == 4
    assert list(tmp_path.iterdir()) == []
