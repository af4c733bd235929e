"""run.json, whose names other programs rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements
from chaos.engine.conclusion import ending_of
from chaos.report import run_json, write_run_json
from tests.histories import pod_replacement
from tests.saying import said


def test_the_fixed_names_are_there() -> None:
    history = pod_replacement()
    history.meta.finished_at = history.wall(90_000_000_000)
    concluded = said(history)
    document = run_json(Reading(history), concluded, ending_of(history, list(concluded.verdicts)))
    assert document["schema_version"] == 2
    assert (document["experiment"], document["simulated"], document["seed"]) == ("identity-persistence", True, 7)
    assert document["status"] == "complete"
    ending = ending_of(history, list(concluded.verdicts))
    assert (document["outcome"], document["exit_code"]) == (ending.outcome, ending.exit_code)
    assert document["result"] == ending.line
    assert (document["finished_at"], document["duration_s"]) == ("2026-01-02T03:05:35.000000Z", 90.0)
    assert {"checker", "outcome", "summary"} <= document["verdicts"][0].keys()
    assert {"question", "answer", "evidence"} <= document["questions"][0].keys()
    (fault,) = document["faults"]
    assert {k: fault[k] for k in ("fault", "trial", "targets", "outcome", "sent_at", "accepted_at")} == {
        "fault": "delete-pod",
        "trial": 1,
        "targets": ["web-0"],
        "outcome": "accepted",
        "sent_at": "2026-01-02T03:04:06.496000Z",
        "accepted_at": "2026-01-02T03:04:06.500000Z",
    }


def test_a_run_that_is_under_way_says_that_it_has_not_ended() -> None:
    document = run_json(Reading(pod_replacement()), Statements(), None)
    assert document["outcome"] == "incomplete"
    assert [document[key] for key in ("exit_code", "result", "finished_at", "duration_s")] == [None] * 4


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = pod_replacement()
    write_run_json(tmp_path, Reading(history), Statements(), None)
    before = (tmp_path / "run.json").read_text(encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chaos.report.document.write_text", full)
    history.status = "interrupted"
    with pytest.raises(OSError, match="No space"):
        write_run_json(tmp_path, Reading(history), Statements(), None)
    monkeypatch.undo()
    assert (tmp_path / "run.json").read_text(encoding="utf-8") == before
    assert json.loads(before)["status"] == "complete"
