"""docs/diagnose.md lists the checks that there are."""

from __future__ import annotations

from chaos.diagnose.checks import CHECKS
from tools.update_diagnose import PATH, updated


def test_the_tables_are_those_of_the_checks() -> None:
    """`python tools/update_diagnose.py` puts it right."""
    text = PATH.read_text(encoding="utf-8")
    assert updated(text) == text
    assert all(f"| `{check.key}` |" in text for check in CHECKS)


def test_each_check_has_a_key_of_its_own() -> None:
    assert len({check.key for check in CHECKS}) == len(CHECKS)
