"""docs/options.md and the schema of a run's parameters say what the options are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chaos.experiment import Options
from chaos.options.table import known_options
from tools.update_options import PAGE, ROOT, SCHEMA, schema, schema_text, updated

EXAMPLES = sorted((ROOT / "reports" / "examples").glob("*/run.json"))
CHECK = Draft202012Validator(schema())
OF_EXPERIMENT: dict[str, Any] = {"hypothesis": "h", "checkers": [], "questions": [], "tables": {}}


def wrong(parameters: dict[str, Any]) -> list[str]:
    """What the schema does not allow; as JSON has them."""
    return [error.json_path for error in CHECK.iter_errors(json.loads(json.dumps(parameters)))]


def test_the_page_is_that_of_the_options() -> None:
    """`python tools/update_options.py` puts it right."""
    text = PAGE.read_text(encoding="utf-8")
    assert updated(text) == text
    assert all(f"`{one.flag}`" in text for one in known_options().values() if not one.hidden)


def test_a_page_without_its_marks_is_missed() -> None:
    with pytest.raises(ValueError, match="0 blocks 'run'"):
        updated("nothing")


def test_the_schema_is_that_of_the_options() -> None:
    """`python tools/update_options.py` puts it right."""
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_parameters_of_the_example_runs_are_of_the_schema(path: Path) -> None:
    """Kept runs of both clusters, which may lack what came later; `tests/cli/test_options.py` judges a new one."""
    parameters = json.loads(path.read_text(encoding="utf-8"))["parameters"]
    assert wrong({**Options().as_parameters(), **parameters}) == []


def test_defaults_are_of_the_schema_and_what_cannot_be_is_not() -> None:
    usual = {**Options().as_parameters(), **OF_EXPERIMENT}
    assert wrong(usual) == []
    assert wrong({**usual, "trials": 0}) == ["$.trials"]
    assert wrong({**usual, "period_s": None}) == ["$.period_s"]
    assert wrong({**usual, "cut_node": "rm"}) == ["$.cut_node"]
    assert wrong({**usual, "kyes": 5}) == ["$"]
    assert wrong({**usual, "agents": {**usual["agents"], "count": 0}}) == ["$.agents.count"]
    assert wrong({**usual, "own": {"keys": 5, "any": ["thing"]}}) == []
