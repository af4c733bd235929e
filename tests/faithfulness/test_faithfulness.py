"""Every experiment on the sandbox and on a real cluster: the same verdicts, records, order of events and error kinds.

All of them: CHAOS_TEST_CONTEXT=NAME make faithful. Those that need an opt-in run with it. `CHAOS_TEST_EXPERIMENTS`, a
list of names, runs some.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.cli.saved import load_run
from chaos.experiment import load_experiments
from chaos.experiment.judging import judges_of
from experiments.shared.reach import UNENFORCED
from tests.faithfulness.decisions import DECISIONS
from tests.faithfulness.signature import Signature, differences, signature
from tools.rotating_part import part
from tools.update_decisions import PATH, updated

CONTEXT = os.environ.get("CHAOS_TEST_CONTEXT", "")
WANTED = os.environ.get("CHAOS_TEST_EXPERIMENTS", "").split()
RUN_TIMEOUT_S = 600
EXPERIMENTS = {e.name: e for e in load_experiments()}
# A node that is cut off by an operator's own commands has a test of its own.
LEFT_OUT = ("node-loss",)
NAMES = [name for name in (WANTED or EXPERIMENTS) if name not in LEFT_OUT]
REAL_ONLY = [name for name in NAMES if "real-cluster" in EXPERIMENTS[name].needs]
INCONCLUSIVE = 4
ALLOW = {"kube-system": "--allow-kube-system", "nodes": "--allow-nodes"}


def run(name: str, folder: Path, *place: str) -> tuple[int, dict[str, Any]]:
    options = [ALLOW[need] for need in EXPERIMENTS[name].needs if need in ALLOW]
    done = subprocess.run(
        [sys.executable, "-m", "chaos", "run", name, *place, *options, "--reports", str(folder), "-o", "json"],
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def signature_of(document: dict[str, Any]) -> Signature:
    history = load_run(Path(document["folder"]))
    return signature(history, judge(Reading(history), judges_of(Reading(history)).checkers))


@pytest.mark.real
@pytest.mark.skipif(not CONTEXT, reason="no real cluster: name its kubeconfig context in CHAOS_TEST_CONTEXT")
@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_finds_the_same_on_both_clusters(name: str, tmp_path: Path) -> None:
    simulated = None
    if name not in REAL_ONLY:
        code, document = run(name, tmp_path / "sandbox", "--sandbox")
        assert code == 0, json.dumps(document["verdicts"], indent=2)
        simulated = signature_of(document)
    found = undecided(name, simulated, tmp_path / "real")
    if found:  # a real cluster is never quite quiet: what is no accident shows again
        again = undecided(name, simulated, tmp_path / "again")
        assert not again, "first: " + "\n".join(found) + "\nagain: " + "\n".join(again)


def undecided(name: str, simulated: Signature | None, folder: Path) -> list[str]:
    """What a run on the real cluster found otherwise than the sandbox, and nobody has decided to leave."""
    code, document = run(name, folder, "--context", CONTEXT)
    open_ = [v for v in document["verdicts"] if v["outcome"] != "ok"]
    bad = [v for v in open_ if not left_open(name, v)]
    if bad or code != (INCONCLUSIVE if open_ else 0):
        return [f"exit code {code}", *(f"{v['checker']}: {v['outcome']}: {v['summary']}" for v in bad)]
    lines = differences(simulated, signature_of(document)) if simulated else []
    return [line for line in lines if not decided(name, line)]


def decided(name: str, line: str) -> bool:
    """Whether somebody has decided to leave a difference."""
    return any(decision.covers(name, line) for decision in DECISIONS)


def left_open(name: str, verdict: dict[str, Any]) -> bool:
    """Whether a verdict may be unknown on the real cluster: where policies are not enforced, for no other reason."""
    line = f"verdict {verdict['checker']}: ok on the sandbox, {verdict['outcome']} on the real cluster"
    return decided(name, line) and UNENFORCED in verdict["summary"]


@pytest.mark.parametrize(
    ("name", "checker", "outcome", "why", "left"),
    [
        ("multi-tier", "policies-hold-or-not", "unknown", UNENFORCED, True),
        ("cross-namespace", "policy-is-consistent", "unknown", UNENFORCED, True),
        ("cross-namespace", "policy-is-consistent", "unknown", "not tried", False),
        ("cross-namespace", "policy-is-consistent", "fail", UNENFORCED, False),
        ("multi-tier", "failures-heal", "unknown", UNENFORCED, False),
        ("dns-basics", "policy-is-consistent", "unknown", UNENFORCED, False),
    ],
)
def test_only_policies_that_are_not_enforced_stay_open(
    name: str, checker: str, outcome: str, why: str, left: bool
) -> None:
    found = {"checker": checker, "outcome": outcome, "summary": f"Cannot be judged: {why}."}
    assert left_open(name, found) == left


def test_what_differs_is_seen() -> None:
    same = Signature(
        {"steady-state": "ok"},
        frozenset({"lookup"}),
        {("A web-0.web", "replica"): frozenset({"NOERROR"})},
        {("http", "ECONNREFUSED", "connect"): 9},
        frozenset({("web-0 ready #1", "web-1 created #1")}),
    )
    assert differences(same, same) == []
    changed = {
        "verdict": replace(same, verdicts={"steady-state": "fail"}),
        "fact": replace(same, facts=frozenset()),
        "record": replace(same, records={("A web-0.web", "replica"): frozenset({"NXDOMAIN"})}),
        "error": replace(same, errors={("http", "ECONNREFUSED", "connect"): 9, ("http", "TIMEOUT", "connect"): 5}),
        "order": replace(same, order=frozenset({("web-1 created #1", "web-0 ready #1")})),
    }
    for kind, other in changed.items():
        (line,) = differences(same, other)
        assert line.startswith(kind)


def test_the_decisions_stand_in_the_architecture() -> None:
    """`python tools/update_decisions.py` puts it right."""
    document = PATH.read_text(encoding="utf-8")
    assert updated(document) == document
    assert all(decision.what in document and decision.why in document for decision in DECISIONS)


def test_the_rotating_parts_are_all_experiments() -> None:
    names = list(EXPERIMENTS)
    assert sorted(name for day in range(6) for name in part(names, 6, day)) == sorted(names)
