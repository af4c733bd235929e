"""broken-servicename on the sandbox: what the broken states show, and that its checkers can fail or not know."""

from functools import partial
from typing import Any

import pytest

from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import edit, facts_of

EXPERIMENT = find_experiment("broken-servicename")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
KEYS = ("problems-identified", "problems-fixed", "first-sign")


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert all(said(history, key) for key in KEYS)


@pytest.mark.parametrize(("status", "outcome"), [("NOERROR", "fail"), ("TIMEOUT", "unknown"), ("SERVFAIL", "unknown")])
def test_a_name_is_gone_only_with_nxdomain(history: History, status: str, outcome: str) -> None:
    pods = {"web-0": "NXDOMAIN", "web-1": status, "web-2": "NXDOMAIN"}
    for edited in (
        edit(history, "names", {"phase": "wrong selector"}, pods=pods),
        edit(history, "names", {"phase": "deleted service"}, service=status),
    ):
        assert verdicts(edited)["service-faults-show-at-once"] == outcome
        assert said(edited, "problems-fixed") == ""


@pytest.mark.parametrize(("status", "outcome"), [("NOERROR", "fail"), ("TIMEOUT", "unknown"), ("SERVFAIL", "unknown")])
def test_the_latent_fault_shows_only_with_nxdomain(edited: History, status: str, outcome: str) -> None:
    facts_of(edited, "names", phase="recreated, one restarted")[0]["pods"]["web-1"] = status
    assert verdicts(edited)["recreation-is-latent"] == outcome
    assert said(edited, "first-sign") == ""


@pytest.mark.parametrize(("status", "outcome"), [("NOERROR", "fail"), ("TIMEOUT", "unknown")])
def test_a_second_service_and_the_units_own_need_an_answer_too(history: History, status: str, outcome: str) -> None:
    assert verdicts(edit(history, "second", {}, pod=status))["second-gives-no-names"] == outcome
    edited = edit(history, "broken-network", {}, name=status)
    assert verdicts(edited)["broken-looks-healthy"] == outcome
    assert said(edited, "problems-identified") == ""


def test_a_second_service_that_was_not_answered_is_no_verdict(history: History) -> None:
    edited = edit(history, "second", {}, service="TIMEOUT", addresses=0)
    assert verdicts(edited)["second-gives-no-names"] == "unknown"


def test_none_of_no_pods_is_not_healthy(history: History) -> None:
    nothing: dict[str, Any] = {"ready": 0, "ready_replicas": 0, "replicas": 0}
    assert verdicts(edit(history, "broken-network", {}, **nothing))["broken-looks-healthy"] == "unknown"


def test_a_patch_that_is_taken_fails(history: History) -> None:
    assert verdicts(edit(history, "refused", {}, answer=""))["cannot-be-patched"] == "fail"
