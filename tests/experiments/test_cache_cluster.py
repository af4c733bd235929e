"""cache-cluster: what its checkers and answers make of a recorded run, and that the sandbox is refused."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chaos.analysis.checkers import checker_name
from chaos.analysis.questions import Question
from chaos.analysis.reading import Reading
from chaos.errors import InconclusiveError
from chaos.experiment import Options, find_experiment
from chaos.model import FaultWindow, History, PodIdentity, RunMeta
from tests.experiments import lab
from tests.sandboxed import run_sandboxed

EXPERIMENT = find_experiment("cache-cluster")
PODS = [f"redis-cluster-{ordinal}" for ordinal in range(6)]
_S = 1_000_000_000
_OWN = {
    "tried": 45,
    "done": 31,
    "errors": {"ConnectionError: name not found": 9, "ClusterDownError": 5},
    "last_ok_s": -0.036,
    "ok_again_s": 3.99,
}
_SLOW = {"tried": 299, "done": 236, "errors": {"ConnectionError: name not found": 63}}


def recorded() -> History:
    """The facts of a run on a real cluster, shortened."""
    history = History(RunMeta("cache-cluster", simulated=False, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    history.status = "complete"

    def mark(at_s: float, kind: str, **details: Any) -> None:
        history.marks.append((round(at_s * _S), kind, details))

    def members(at_s: float, phase: str, state: str = "ok", right: int = 6) -> None:
        for pod in PODS:
            mark(
                at_s,
                "members",
                phase=phase,
                by=pod,
                state=state,
                known=6,
                masters=PODS[:3],
                slots=16384,
                right_names=6,
                right_addresses=right,
                ids={pod: f"id-{pod}" for pod in PODS},
            )

    def claims(at_s: float, phase: str) -> None:
        for pod in PODS:
            mark(at_s, "claim", phase=phase, claim=f"redis-data-{pod}", uid=f"u-{pod}", volume=f"pvc-{pod}")

    def seen(trial: int, by: str, after_s: float | None, before_s: float, owner: str, flags: str, address: str) -> None:
        state = {"owner": owner, "flags": flags, "address": address, "named": "as before", "state": "ok"}
        mark(before_s, "seen", trial=trial, by=by, of=PODS[0], **state, after_s=after_s, before_s=before_s)

    claims(1, "before")
    mark(3, "formed", exit_code=0, took_s=2.153, said="[OK] All 16384 slots covered.")
    members(4, "formed")
    mark(5, "entrance", connections=30, answered=dict.fromkeys(PODS, 5), sent_elsewhere=26)
    for trial, zero_s in ((1, 10), (2, 20), (3, 40)):
        targets = tuple(_pod(name) for name in (PODS if trial == 3 else PODS[:1]))
        at_ns = zero_s * _S
        history.faults.append(
            FaultWindow("delete-pod", trial, targets, "accepted", at_ns - _S // 100, at_ns, at_ns + 8 * _S)
        )
    for trial, old in ((1, "10.244.2.100"), (2, "10.244.2.102")):
        mark(9 + trial, "victim", trial=trial, pod=PODS[0], id=f"id-{PODS[0]}", hostname="h", address=old)
        seen(trial, PODS[1], None, 9.9 if trial == 1 else 19.9, PODS[0], "master", old)
    seen(1, PODS[1], 12.5, 12.8, PODS[0], "master", "10.244.2.102")
    seen(2, PODS[1], 28.40, 28.60, PODS[4], "master,fail", "10.244.2.102")
    seen(2, PODS[2], 28.41, 28.55, PODS[4], "master,fail", "10.244.2.102")
    seen(2, PODS[1], 36.2, 36.4, PODS[4], "slave", "10.244.2.103")
    mark(18, "writes", trial=1, slots="of the deleted master", **_OWN)
    mark(39, "writes", trial=2, slots="of the deleted master", **_SLOW, last_ok_s=0.1, ok_again_s=8.6)
    mark(39, "writes", trial=2, slots="of another master", **_SLOW, last_ok_s=7.7, ok_again_s=8.7)
    members(50, "left alone", "fail", right=1)
    mark(51, "introduced", by=PODS[0], met=5, refused=[])
    for trial in (1, 2, 3):
        members(60, f"after trial {trial}")
        mark(61, "read", phase=f"after trial {trial}", of="written before", keys=200, there=200)
    claims(62, "after")
    return history


def _pod(name: str) -> PodIdentity:
    return PodIdentity(name, f"uid-{name}", "10.244.1.1", "node-1", name, name[-1])


def judged(history: History) -> dict[str, tuple[str, str]]:
    return {one.checker: (one.outcome.value, one.summary) for one in lab.own_verdicts(EXPERIMENT, history)}


def answers(history: History) -> dict[str, str]:
    return {q.key: lab.answer(EXPERIMENT, history, q.key) for q in EXPERIMENT.questions if isinstance(q, Question)}


def without(history: History, kind: str, **where: Any) -> History:
    """The same run, had it not written down some facts."""
    changed = deepcopy(history)
    changed.marks = [
        (at, what, details)
        for at, what, details in changed.marks
        if what != kind or any(details.get(key) != value for key, value in where.items())
    ]
    return changed


def changed(history: History, kind: str, changes: dict[str, Any], **where: Any) -> History:
    """The same run, had it found something else."""
    copy = deepcopy(history)
    for _, what, details in copy.marks:
        if what == kind and all(details.get(key) == value for key, value in where.items()):
            details.update(changes)
    return copy


def test_a_good_run_passes_every_check_with_its_own_figures() -> None:
    found = judged(recorded())
    assert {name: outcome for name, (outcome, _) in found.items()} == dict.fromkeys(found, "ok")
    assert set(found) == {checker_name(c) for c in EXPERIMENT.checkers if not isinstance(c, str)}
    assert "redis-cluster-4 took the slots between 8.41 s and 8.55 s" in found["replica-takes-over"][1]
    assert "from 10.244.2.102 to 10.244.2.103 in trial 2" in found["names-stay-addresses-follow"][1]


Edit = Callable[[History], History]


@pytest.mark.parametrize(
    ("name", "edit", "says"),
    [
        ("cluster-forms-by-name", lambda h: changed(h, "formed", {"exit_code": 1, "said": "[ERR] no"}), "[ERR] no"),
        ("cluster-forms-by-name", lambda h: changed(h, "members", {"slots": 9}, phase="formed", by=PODS[2]), "9 slots"),
        ("replica-takes-over", lambda h: changed(h, "seen", {"owner": PODS[0]}, trial=2), "no member saw"),
        ("names-stay-addresses-follow", lambda h: changed(h, "seen", {"named": "x"}, trial=1), "its name became x"),
        (
            "names-stay-addresses-follow",
            lambda h: changed(h, "members", {"right_addresses": 5}, phase="after trial 2"),
            "5 of 6 addresses right",
        ),
        (
            "names-stay-addresses-follow",
            lambda h: changed(h, "members", {"ids": {}}, phase="after trial 1"),
            "another id",
        ),
        ("data-survives", lambda h: changed(h, "read", {"there": 199}, phase="after trial 3"), "199 of 200"),
        ("volumes-kept", lambda h: changed(h, "claim", {"uid": "other"}, phase="after"), "is another one"),
        (
            "names-alone-do-not-rejoin",
            lambda h: changed(h, "members", {"state": "fail"}, phase="after trial 3"),
            "is fail after it was introduced",
        ),
    ],
)
def test_each_check_fails_where_its_claim_is_false(name: str, edit: Edit, says: str) -> None:
    outcome, summary = judged(edit(recorded()))[name]
    assert outcome == "fail"
    assert says in summary


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("cluster-forms-by-name", lambda h: without(h, "formed")),
        ("cluster-forms-by-name", lambda h: without(h, "members", phase="formed", by=PODS[1])),
        ("replica-takes-over", lambda h: without(h, "seen", trial=2)),
        ("names-stay-addresses-follow", lambda h: without(h, "members", phase="after trial 2")),
        ("names-stay-addresses-follow", lambda h: without(h, "seen", trial=1)),
        ("data-survives", lambda h: without(h, "read", phase="after trial 2")),
        ("volumes-kept", lambda h: without(h, "claim", phase="after")),
        ("names-stay-addresses-follow", lambda h: changed(h, "members", {"state": "no answer"}, by=PODS[3])),
        ("cluster-forms-by-name", lambda h: changed(h, "members", {"state": "no answer"}, by=PODS[3])),
        ("names-alone-do-not-rejoin", lambda h: changed(h, "members", {"state": "no answer"}, by=PODS[3])),
        ("names-alone-do-not-rejoin", lambda h: without(h, "members", phase="left alone")),
        ("names-alone-do-not-rejoin", lambda h: changed(h, "members", {"right_addresses": 6}, phase="left alone")),
    ],
)
def test_what_was_not_measured_is_unknown(name: str, edit: Edit) -> None:
    assert judged(edit(recorded()))[name][0] == "unknown"


def test_the_units_questions_are_answered_with_the_runs_figures() -> None:
    said = answers(recorded())
    assert "26 of 30 reads were answered with MOVED" in said["dual-service"]
    assert "14 of 45 failed, for at most 4.03 s" in said["dual-service"]
    assert "six names and no address known beforehand, in 2.2 s" in said["stable-formation"]
    assert "No member knew more than 1 of 6 addresses" in said["stable-formation"]
    assert "redis-cluster-4 between 8.41 s and 8.55 s" in said["other-systems"]


def test_a_refusal_is_the_reason_for_as_many_writes_as_it_refused() -> None:
    edit = {"errors": {"ConnectionError: name not found": 4, "ClusterDownError": 1}}
    history = changed(recorded(), "writes", edit, trial=2, slots="of another master")
    assert "; 1 of these was ClusterDown: a cluster with slots" in answers(history)["other-systems"]
    assert "ClusterDown" not in answers(recorded())["other-systems"]


def test_the_headline_claims_the_data_only_where_they_were_read() -> None:
    assert EXPERIMENT.headline is not None
    assert "kept its id, name and data" in EXPERIMENT.headline(Reading(recorded()))
    lost = changed(recorded(), "read", {"there": 199}, phase="after trial 1")
    assert "data" not in EXPERIMENT.headline(Reading(lost))


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
