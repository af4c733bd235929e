"""The references and the examples of CONTRIBUTING.md are what the code says."""

from __future__ import annotations

import re
from functools import cache

import pytest

import chaos.experiment
from chaos.analysis.lasting import Turn
from chaos.experiment import (
    Acknowledged,
    CauseWords,
    Finding,
    Interval,
    Option,
    Outage,
    PodIdentity,
    Sample,
    Transition,
    Trial,
    Whole,
)
from tools.update_reference import CONTRIBUTING, FOLDER, contributing, pages

made = cache(pages)


@pytest.mark.parametrize("name", ["faults.md", "names.md", "records.md", "run.md"])
def test_a_reference_is_what_the_code_says(name: str) -> None:
    """`python tools/update_reference.py` puts it right."""
    assert (FOLDER / name).read_text(encoding="utf-8") == made()[name]


def test_there_is_no_reference_that_nobody_makes() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(made())


def test_the_examples_of_contributing_are_the_files_that_chaos_new_writes() -> None:
    """Those are run by tests/faults and tests/cli/test_new.py. The same script puts them right."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert text == contributing(text)
    assert set(re.findall(r"^<!-- (\S+) -->$", text, flags=re.MULTILINE)) == {
        "chaos/templates/break_selector.py",
        "chaos/templates/selector_outage.py",
        "chaos/templates/manifests/selector-outage.yaml",
    }


def test_every_name_to_import_is_there_once_and_says_what_it_is() -> None:
    lines = re.findall(r"^- (?:\*\*)?`(?:await )?(\w+)[^`]*`(?:\*\*)?: (.+)$", made()["names.md"], flags=re.MULTILINE)
    named = [name for name, _ in lines if name in chaos.experiment.__all__]
    assert sorted(named) == sorted(chaos.experiment.__all__)


@pytest.mark.parametrize(
    "kind",
    [Acknowledged, CauseWords, Interval, Outage, PodIdentity, Sample, Transition, Trial, Turn, Finding, Option, Whole],
)
def test_each_field_that_a_checker_or_a_fault_uses_says_what_it_is(kind: type) -> None:
    text = made()["names.md"].partition(f"- **`{kind.__name__}`**: ")[2].partition("\n- ")[0]
    fields = re.findall(r"^  - `(\w+): [^`]+`(.*)$", text, flags=re.MULTILINE)
    assert fields
    assert [name for name, meaning in fields if not meaning] == []


def test_what_a_function_takes_and_returns_is_typed() -> None:
    page = made()["names.md"]
    assert "- `known(value: _T | None, missing: str) -> _T`: " in page
    assert "- `need(there: object, missing: str) -> None`: " in page
    assert (
        "- `outage(reading: Reading, series: Series, from_ns: int, to_ns: int | None = None) -> Outage | None`: "
        in page
    )
    assert "  - `.sampled(from_ns: int = 0, to_ns: int | None = None, **fields: str) -> Iterator[Sample]`: " in page
