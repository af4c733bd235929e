"""A report says what a run found in words, not as Python writes its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos.analysis.reading import Reading
from chaos.cli.saved import conclude
from chaos.engine.conclusion import ending_of
from chaos.experiment import Options
from chaos.report import write_report
from chaos.report.wording import words
from tests.histories import pod_replacement
from tests.sandboxed import run_sandboxed
from tests.saying import said

EXAMPLES = Path(__file__).parent.parent.parent / "reports" / "examples"
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)  # what others wrote: a Corefile, a command
# "None" may begin a sentence, and is what Kubernetes calls the address of a headless service.
RAW = re.compile(
    r"\b(?:True|False)\b|(?<=[|:=(,] )None\b(?= *[|,.)])|(?<=[(=])None\b|\{'|\['|\('|''|\[\]|\{\}|\(\)|\(,|,\)"
)


def raw_values(report: str) -> Iterator[str]:
    """Whatever looks as Python writes it, with what stands around it."""
    text = CODE.sub("CODE", report).replace("clusterIP: None", "")
    for match in RAW.finditer(text):
        yield text[max(0, match.start() - 40) : match.end() + 20]


@pytest.mark.parametrize("name", sorted(path.parent.name for path in EXAMPLES.glob("*/report.md")))
def test_no_kept_example_shows_a_raw_value(name: str) -> None:
    report = (EXAMPLES / name / "report.md").read_text(encoding="utf-8")
    if "<details>" not in report:
        pytest.skip("rendered before the report was folded; kept without what it could be rendered again from")
    assert not list(raw_values(report))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a run on the sandbox."""
    result = run_sandboxed(tmp_path_factory.mktemp("reports"), Options(trials=1, period_s=0.05, max_qps=None)).result
    conclude(result.folder, result.history, result.error)
    return (result.folder / "report.md").read_text(encoding="utf-8")


def test_a_run_on_the_sandbox_shows_no_raw_value(report: str) -> None:
    assert "| parameter agents | count: 1, image: " in report
    assert not list(raw_values(report))


def test_the_tables_of_notes_say_values_in_words(tmp_path: Path) -> None:
    history = pod_replacement()
    values: dict[str, Any] = {
        "ready": True,
        "address": None,
        "seen": [],
        "asked": {"view": "", "tries": [1, 2.5]},
        "condition": "False",
    }
    history.marks.append((1_000_000_000, "odd", values))
    history.meta.parameters["tables"] = {"odd": "Odd values:"}
    history.meta.measurement |= {"dns_over_tcp": False, "lost": {"a": None}}
    concluded = said(history)
    write_report(tmp_path, Reading(history), concluded, ending_of(history, list(concluded.verdicts)))
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| 1.000 | yes | — | none | view: none, tries: 1, 2.500 | no |" in report
    assert not list(raw_values(report))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (True, "yes"),
        ("False", "no"),
        ("", "none"),
        ((), "none"),
        ({}, "none"),
        ({"cpu_limit": "1", "clocks": ()}, "cpu limit: 1, clocks: none"),
        (0.04097560975609756, "0.0409756"),
        (12345678.0, "12345678"),
        (3, "3"),
    ],
)
def test_a_value_in_words(value: Any, text: str) -> None:
    assert words(value) == text


@pytest.mark.parametrize("raw", ["| None |", "x: None, y", "{'a': 1}", "it was ''", "| [] |", "(1,)", "is False"])
def test_what_python_writes_is_found(raw: str) -> None:
    assert list(raw_values(raw))


@pytest.mark.parametrize("fine", ["None of 3 pods was lost.", "'Hello from web-0'", "clusterIP: None", "a (b)"])
def test_what_people_write_is_not(fine: str) -> None:
    assert not list(raw_values(fine))
