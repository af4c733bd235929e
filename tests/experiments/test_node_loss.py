"""node-loss on the sandbox: how long names outlive a node, what is stuck and what ends it; its checkers can fail."""

from functools import partial
from typing import Any

from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("node-loss")
OPTIONS = {"period_s": 0.1, "connect_period_s": 0.2}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
OWN = (
    "names-outlive-the-node",
    "stuck-and-never-replaced",
    "deployment-goes-on",
    "other-names-stay",
    "force-makes-two",
    "ends-with-the-node",
)
KEYS = ("names-of-a-lost-node", "stuck-pod", "force-danger", "metrics-to-watch")


def lost(history: History) -> list[str]:
    return [pod.name for fault in history.faults if fault.fault == "cut-node" for pod in fault.targets]


def drop_pods(history: History, wanted: Any) -> None:
    """Forget events of pods."""
    history.events = [e for e in history.events if e.kind != "Pod" or not wanted(e)]


def test_everything_is_as_the_hypothesis_says(edited: History) -> None:
    assert verdicts(edited) == dict.fromkeys(OWN, "ok")
    assert len(lost(edited)) == 2


def test_the_lost_server_is_unknown_and_fails_nothing(edited: History) -> None:
    checker = next(c for c in EXPERIMENT.checkers if not isinstance(c, str) and c(edited).checker == OWN[0])
    assert "in each of 2 views. Nothing is known of coredns-" in checker(edited).summary


def test_the_answers_have_this_runs_numbers(edited: History) -> None:
    assert "went on being answered with the address of a pod that nobody could reach" in said(edited, KEYS[0])
    assert "TIMEOUT (connect)" in said(edited, KEYS[0])
    assert "tolerates an unreachable node for 5 s" in said(edited, KEYS[1])
    assert "Two members with one name existed" in said(edited, KEYS[2])
    assert "failing connections to one member by its own name: 1." in said(edited, KEYS[3])


def test_a_name_that_never_leaves_a_view_that_speaks_fails(edited: History) -> None:
    series = next(s for s in edited.series if s.record == f"A {lost(edited)[0]}.web" and s.view == "service")
    columns = edited.samples[series.id]
    for position in range(len(columns)):
        columns.outcome[position] = columns.outcome[0]
    assert verdicts(edited)["names-outlive-the-node"] == "fail"


def test_a_name_on_another_node_that_vanishes_fails(edited: History) -> None:
    gone = next(p for p, o in enumerate(edited.outcomes) if o.status == "NXDOMAIN")
    other = next(f"web-{n}" for n in range(4) if f"web-{n}" not in lost(edited))
    series = next(s for s in edited.series if s.record == f"A {other}.web" and s.view == "service")
    columns = edited.samples[series.id]
    cut = next(f for f in edited.faults if f.fault == "cut-node")
    for position, sent_ns in enumerate(columns.sent_ns):
        if sent_ns > cut.sent_ns + 10_000_000_000:
            columns.outcome[position] = gone
    assert verdicts(edited)["other-names-stay"] == "fail"


def test_a_pod_that_was_replaced_while_its_node_was_away_fails(edited: History) -> None:
    forced = next(f for f in edited.faults if f.fault == "force-delete-pod")
    edited.faults.remove(forced)  # as if nobody had deleted it
    assert verdicts(edited)["stuck-and-never-replaced"] == "fail"


def test_a_deployment_that_stands_still_fails(edited: History) -> None:
    cut = next(f for f in edited.faults if f.fault == "cut-node")
    drop_pods(edited, lambda e: e.name.startswith("web-stateless-") and e.at_ns > cut.sent_ns)
    assert verdicts(edited)["deployment-goes-on"] == "fail"


def test_an_old_pod_that_nobody_heard_again_is_unknown(edited: History) -> None:
    old = next(details["old_address"] for _, what, details in edited.marks if what == "forced")
    series = next(s for s in edited.series if s.probe == "http" and s.name == old)
    edited.samples[series.id] = type(edited.samples[series.id])()
    assert verdicts(edited)["force-makes-two"] == "unknown"
    assert "was not seen here" in said(edited, "force-danger")


def test_a_stuck_pod_that_does_not_come_back_fails(edited: History) -> None:
    join = next(f for f in edited.faults if f.fault == "join-node")
    drop_pods(edited, lambda e: e.name in lost(edited) and e.at_ns > join.sent_ns)
    assert verdicts(edited)["ends-with-the-node"] == "fail"


def test_a_run_that_cut_nothing_off_says_so(edited: History) -> None:
    edited.faults, edited.marks = [], []
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == [""] * len(KEYS)
