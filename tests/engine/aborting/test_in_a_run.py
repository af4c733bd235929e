"""A condition ends a run under way: it is undone at once, and says what was seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.cli.saved import conclude
from chaos.errors import AbortedError, PreflightError, UsageError
from chaos.experiment import Options
from chaos.model import RunOutcome
from chaos.options.aborting import AbortOptions
from chaos.report.abort_redaction import conditions_left_out, without_conditions, without_values
from chaos.report.reproduce import command
from tests.engine.test_execution import with_method
from tests.sandboxed import Ran, run_sandboxed

LIMIT = "outage.by-name > 500ms"


def ran(folder: Path, *conditions: str, trials: int = 3, prometheus: str = "") -> Ran:
    given = AbortOptions(conditions, prometheus)
    return run_sandboxed(folder, Options(trials=trials, grace_s=1, period_s=0.25, max_qps=None, aborting=given))


def test_a_figure_ends_the_run_in_the_middle_of_its_first_fault(tmp_path: Path) -> None:
    found = ran(tmp_path, LIMIT, "dns.unanswered > 1m", "pod/web-0: Ready = Unknown")
    error = found.result.error
    assert isinstance(error, AbortedError)
    assert error.message.startswith(f"--abort-if '{LIMIT}' holds: at least 0.")
    assert len(found.history.faults) == 1
    conclusion = conclude(found.result.folder, found.history, error)
    assert (conclusion.ending.outcome, conclusion.ending.exit_code) == (RunOutcome.ABORTED, 4)
    assert conclusion.ending.line.startswith(f"ABORTED (simulated): {error.message}; ")
    rows = conclusion.document["measurement"]["abort_conditions"]
    assert [(row["condition"], row["result"]) for row in rows] == [
        (LIMIT, "held"),
        ("dns.unanswered > 1m", "did not hold"),
        ("pod/web-0: Ready = Unknown", "did not hold"),
    ]
    report = (found.result.folder / "report.md").read_text()
    assert "What would have ended it early" in report
    assert f"--abort-if '{LIMIT}'" in command(found.history.meta)


def test_a_figure_that_is_not_measured_is_refused_with_those_that_are(tmp_path: Path) -> None:
    async def nothing(_run: object) -> None:
        """Nothing."""

    experiment = with_method(nothing)
    object.__setattr__(experiment, "probes", ("dns",))
    options = Options(aborting=AbortOptions((LIMIT,)))
    with pytest.raises(UsageError, match="would never hold: identity-persistence does not measure") as caught:
        run_sandboxed(tmp_path, options, experiment=experiment)
    assert caught.value.hint == "it measures dns.failing, dns.unanswered"


def test_a_node_that_is_not_there_and_a_prometheus_that_is_silent_let_nothing_begin(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="about Node nobody, which is not there"):
        ran(tmp_path, "node/nobody: Ready != True")
    with pytest.raises(PreflightError, match=r"cannot be watched: http://127\.0\.0\.1:1 cannot be asked"):
        ran(tmp_path, "prometheus: up == 0", prometheus="http://127.0.0.1:1")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_for_others_has_figures_and_neither_queries_nor_names() -> None:
    query, node = "prometheus: up{job='payments'} == 0", "node/prod-7: Ready != True"
    seen = {query: "{job=payments} 0", node: "Ready of Node prod-7 is False", LIMIT: "at least 0.6 s, web-0.web:80"}
    measurement = {
        "abort_conditions": [{"condition": text, "result": "held", "value": value} for text, value in seen.items()],
        "ended_early": f"--abort-if {query!r} holds: {seen[query]}",
    }
    parameters = {"abort_if": list(seen), "prometheus": "https://prometheus.payments.example"}
    told = json.dumps([without_conditions(measurement), conditions_left_out(parameters)])
    told += without_values(f"ABORTED: --abort-if {node!r} holds: {seen[node]}; 1 of 6 checks held", measurement)
    assert "payments" not in told
    assert "prod-7" not in told
    assert LIMIT in told
    assert "1 of 6 checks held" in told
