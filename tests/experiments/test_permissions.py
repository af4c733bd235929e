"""What an experiment's run asked of a real API server is what it declares, as its example run says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.engine.undeclared import undeclared
from chaos.experiment import load_experiments

EXAMPLES = Path(__file__).parents[2] / "reports" / "examples"
EXPERIMENTS = {e.name: e for e in load_experiments()}


def used(document: dict[str, dict[str, dict[str, int]]]) -> set[tuple[str, str, str]]:
    """Verb, group and resource of each kind of request."""
    words = [key.split(" ") for key in document["measurement"]["api_used"]]
    return {(w[0], w[1] if len(w) > 2 else "", w[-1]) for w in words}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_run_used_no_permission_that_is_not_declared(name: str) -> None:
    path = EXAMPLES / name / "run.json"
    asked = used(json.loads(path.read_text(encoding="utf-8")))
    assert undeclared(EXPERIMENTS[name], asked) == []
    assert undeclared(EXPERIMENTS[name], {*asked, ("patch", "apps", "daemonsets")}) != []
