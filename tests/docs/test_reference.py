"""The references and the examples of CONTRIBUTING.md are what the code says."""

from __future__ import annotations

import re
from functools import cache

import pytest

import chaos.experiment
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


def test_every_name_to_import_says_what_it_is() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", made()["names.md"], flags=re.MULTILINE))
    assert rows.keys() == set(chaos.experiment.__all__)
