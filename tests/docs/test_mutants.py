"""The page about mutants has the reasons that are given for survivors, and each is of a line that is still there."""

from __future__ import annotations

import tomllib

from tools.mutants_page import CONFIG, DOCUMENT, ROOT, reasons

SETTINGS = tomllib.loads(CONFIG.read_text(encoding="utf-8"))


def test_the_reasons_are_those_of_the_settings() -> None:
    """`make mutants` puts it right."""
    assert f"<!-- reasons -->\n{reasons(SETTINGS)}\n<!-- /reasons -->" in DOCUMENT.read_text(encoding="utf-8")


def test_each_reason_is_of_a_line_that_is_there() -> None:
    for one in SETTINGS["survivor"]:
        lines = [line.strip() for line in (ROOT / one["module"]).read_text(encoding="utf-8").splitlines()]
        assert one["before"] in lines, one
        assert one["why"]
