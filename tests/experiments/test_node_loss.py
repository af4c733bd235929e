"""node-loss on the sandbox: how long names outlive a node, what is stuck and what ends it; its checkers can fail."""

import copy
from typing import Any

import pytest

from chaos.experiment import History, Options, find_experiment
from tests.sandboxed import run_sandboxed

EXPERIMENT = find_experiment("node-loss")
OWN = (
    "names-outlive-the-node",
    "stuck-and-never-replaced",
    "deployment-goes-on",
    "other-names-stay",
    "force-makes-two",
    "ends-with-the-node",
)
KEYS = ("names-of-a-lost-node", "stuck-pod", "force-danger", "metrics-to-watch")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> History:
    options = Options(max_qps=None, period_s=0.1, connect_period_s=0.2)
    result = run_sandboxed(tmp_path_factory.mktemp("reports"), options, experiment=EXPERIMENT).result
    assert result.error is None
    assert not result.leftovers
    return result.history


@pytest.fixture
def history(whole: History) -> History:
    return copy.deepcopy(whole)


def verdicts(history: History) -> dict[str, str]:
    found = [c(history) for c in EXPERIMENT.checkers if not isinstance(c, str)]
    return {one.checker: str(one.outcome) for one in found}


def said(history: History, key: str) -> str:
    return next(q for q in EXPERIMENT.questions if not isinstance(q, str) and q.key == key).answer(history)


def lost(history: History) -> list[str]:
    return [pod.name for fault in history.faults if fault.fault == "cut-node" for pod in fault.targets]


def drop_pods(history: History, wanted: Any) -> None:
    """Forget events of pods."""
    history.events = [e for e in history.events if e.kind != "Pod" or not wanted(e)]


def test_everything_is_as_the_hypothesis_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert len(lost(history)) == 2


def test_the_lost_server_is_unknown_and_fails_nothing(history: History) -> None:
    checker = next(c for c in EXPERIMENT.checkers if not isinstance(c, str) and c(history).checker == OWN[0])
    assert "in each of 2 views. Nothing is known of coredns-" in checker(history).summary


def test_the_answers_have_this_runs_numbers(history: History) -> None:
    assert "went on being answered with the address of a pod that nobody could reach" in said(history, KEYS[0])
    assert "TIMEOUT (connect)" in said(history, KEYS[0])
    assert "tolerates an unreachable node for 5 s" in said(history, KEYS[1])
    assert "Two members with one name existed" in said(history, KEYS[2])
    assert "failing connections to one member by its own name: 1." in said(history, KEYS[3])


def test_a_name_that_never_leaves_a_view_that_speaks_fails(history: History) -> None:
    series = next(s for s in history.series if s.record == f"A {lost(history)[0]}.web" and s.view == "service")
    columns = history.samples[series.id]
    for position in range(len(columns)):
        columns.outcome[position] = columns.outcome[0]
    assert verdicts(history)["names-outlive-the-node"] == "fail"


def test_a_name_on_another_node_that_vanishes_fails(history: History) -> None:
    gone = next(p for p, o in enumerate(history.outcomes) if o.status == "NXDOMAIN")
    other = next(f"web-{n}" for n in range(4) if f"web-{n}" not in lost(history))
    series = next(s for s in history.series if s.record == f"A {other}.web" and s.view == "service")
    columns = history.samples[series.id]
    cut = next(f for f in history.faults if f.fault == "cut-node")
    for position, sent_ns in enumerate(columns.sent_ns):
        if sent_ns > cut.sent_ns + 10_000_000_000:
            columns.outcome[position] = gone
    assert verdicts(history)["other-names-stay"] == "fail"


def test_a_pod_that_was_replaced_while_its_node_was_away_fails(history: History) -> None:
    forced = next(f for f in history.faults if f.fault == "force-delete-pod")
    history.faults.remove(forced)  # as if nobody had deleted it
    assert verdicts(history)["stuck-and-never-replaced"] == "fail"


def test_a_deployment_that_stands_still_fails(history: History) -> None:
    cut = next(f for f in history.faults if f.fault == "cut-node")
    drop_pods(history, lambda e: e.name.startswith("web-stateless-") and e.at_ns > cut.sent_ns)
    assert verdicts(history)["deployment-goes-on"] == "fail"


def test_an_old_pod_that_nobody_heard_again_is_unknown(history: History) -> None:
    old = next(details["old_address"] for _, what, details in history.marks if what == "forced")
    series = next(s for s in history.series if s.probe == "http" and s.name == old)
    history.samples[series.id] = type(history.samples[series.id])()
    assert verdicts(history)["force-makes-two"] == "unknown"
    assert "was not seen here" in said(history, "force-danger")


def test_a_stuck_pod_that_does_not_come_back_fails(history: History) -> None:
    join = next(f for f in history.faults if f.fault == "join-node")
    drop_pods(history, lambda e: e.name in lost(history) and e.at_ns > join.sent_ns)
    assert verdicts(history)["ends-with-the-node"] == "fail"


def test_a_run_that_cut_nothing_off_says_so(history: History) -> None:
    history.faults, history.marks = [], []
    assert set(verdicts(history).values()) == {"unknown"}
    assert [said(history, key) for key in KEYS] == [""] * len(KEYS)
