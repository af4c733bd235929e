"""SECURITY.md names modules that are there, and what anybody can type."""

from __future__ import annotations

import re

from tests.commands import ROOT
from tools.update_guards import PAGE, page

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_each_module_that_keeps_a_promise_is_there() -> None:
    named = set(re.findall(r"`((?:chaos|kind|\.github)/[\w./]+)`", TEXT))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_each_line_about_what_is_not_trusted_names_who_keeps_it() -> None:
    table = TEXT.partition("## What is not trusted")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 10
    assert [row for row in rows if "`chaos/" not in row.rsplit("|", 2)[1]] == []


def test_each_target_of_make_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([\w-]+)`", TEXT))
    assert targets
    assert all(f"\n{target}:" in makefile for target in targets)


def test_the_table_of_guards_is_that_of_the_guards() -> None:
    """`python tools/update_guards.py` puts it right."""
    assert page() == PAGE.read_text(encoding="utf-8")
