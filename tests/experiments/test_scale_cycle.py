"""scale-cycle on the sandbox: what goes, what comes back, what stays; its checkers can fail."""

import copy
from dataclasses import replace

import pytest

from chaos.experiment import History, Options, find_experiment
from tests.sandboxed import run_sandboxed

EXPERIMENT = find_experiment("scale-cycle")
OWN = ("order-is-kept", "names-go-and-come-back", "volumes-are-kept")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> History:
    options = Options(max_qps=None, period_s=0.05)
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


def test_everything_is_as_the_hypothesis_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert "one by one in a fixed order" in said(history, "scaling-challenges")
    assert "data-web-2 and data-web-1 stayed bound" in said(history, "backup-differs")


def test_a_claim_with_another_volume_fails_and_nothing_is_said_about_backups(history: History) -> None:
    for _, what, details in history.marks:
        if what == "claim" and details["phase"] == "after" and details["claim"] == "data-web-1":
            details["volume"] = "another"
    assert verdicts(history)["volumes-are-kept"] == "fail"
    assert said(history, "backup-differs") == ""


def test_a_pod_that_went_before_its_turn_fails(history: History) -> None:
    pods = [e for e in history.events if e.kind == "Pod"]
    first = next(e for e in pods if e.name == "web-2" and "deletionTimestamp" in e.object["metadata"])
    going = copy.deepcopy(next(e for e in pods if e.name == "web-1" and e.at_ns < first.at_ns))
    going.object["metadata"]["deletionTimestamp"] = "now"
    history.events.insert(history.events.index(first), replace(going, at_ns=first.at_ns))
    assert verdicts(history)["order-is-kept"] == "fail"


def test_a_name_that_does_not_come_back_fails(history: History) -> None:
    series = next(s for s in history.series if s.record == "A web-1.web" and s.view == "service")
    gone = next(p for p, o in enumerate(history.outcomes) if o.status == "NXDOMAIN")
    columns = history.samples[series.id]
    up = history.faults[1].sent_ns
    for position, sent_ns in enumerate(columns.sent_ns):
        if sent_ns > up:
            columns.outcome[position] = gone
    assert verdicts(history)["names-go-and-come-back"] == "fail"


def test_a_run_that_scaled_nothing_says_so(history: History) -> None:
    history.faults, history.marks = [], []
    assert set(verdicts(history).values()) == {"unknown"}
    assert said(history, "scaling-challenges") == said(history, "backup-differs") == ""
