"""What a cluster said is data in each format of a report."""

from __future__ import annotations

import csv
import io

import pytest

from chaos.model.figure import DURATION, Figure
from chaos.report.escaping import Markdown, cell, cells, csv_cell, fenced, line, markdown, picture
from chaos.report.tables import to_csv


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("<!-- x", "&lt;!-- x"),
        ("a < b and 1<2", "a < b and 1<2"),
        ("[x](http://h/)", "[x]\\(http://h/)"),
        ("![x](http://h/)", "![x]\\(http://h/)"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        ("run `kubectl get <pod>` now", "run `kubectl get <pod>` now"),
        ("it said `x", "it said \\`x"),
        ("``a ` b`` <b>", "``a ` b`` &lt;b>"),
        ("`x\n<b>`", "\\`x\n&lt;b>\\`"),
        ("fine\n# HELD\n> x\n- y\n12. z", "fine\n\\# HELD\n\\> x\n\\- y\n12\\. z"),
        ("x\n===\n```\n  | a | b |", "x\n\\===\n\\`\\`\\`\n  | a | b |"),
        ("-0.5 and *so* on", "-0.5 and *so* on"),
        ("it said \\` and `x", "it said \\\\` and `x"),
        ("it said \\`x", "it said \\\\\\`x"),
        ("[x]: http://h/\n[y] z", "\\[x]: http://h/\n[y] z"),
    ],
)  # fmt: skip
def test_a_sentence_shows_as_it_was_said(said: str, shown: str) -> None:
    assert markdown(said) == shown
    assert markdown(markdown(said)) == shown


def test_a_cell_stays_in_its_row_and_a_line_on_its_line() -> None:
    assert cell("a|b\n| c |") == "a\\|b \\| c \\|"
    assert cell("a\\|b") == "a\\\\\\|b"
    assert cell("> 1.5") == "> 1.5"
    assert cells(["a|b", 1]) == "a\\|b | 1"
    assert line("a\n# b") == "a # b"


def test_figures_are_written_out_before_anything_is_escaped() -> None:
    cited = Figure(5_000_000, 5_000_000, DURATION).cite()
    assert markdown(f"after {cited}") == "after 5.0 ms"
    assert cell(cited) == "5.0 ms"


def test_nothing_in_a_block_of_code_ends_it() -> None:
    assert fenced("a\n```\n<b>\x1b[1m") == "````\na\n```\n<b>\\x1b[1m\n````"
    assert fenced("x", "sh") == "```sh\nx\n```"
    assert isinstance(fenced("x"), Markdown)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\\r=1"),
        (" =1", "' =1"),
        ("\uff1dHYPERLINK(1)", "'\uff1dHYPERLINK(1)"),
        ("web; =1|@x\t+y", "web;' =1|'@x\t'+y"),
        ("half a second - no more; then -", "half a second - no more; then -"),
        ("-0.000123", "-0.000123"),
        ("+5", "+5"),
        (">1.5", ">1.5"),
        ("", ""),
        ("\x1b[2J", "\\x1b[2J"),
        (7, 7),
        (None, None),
    ],
)
def test_a_cell_of_a_spreadsheet_runs_nothing_and_numbers_stay_numbers(said: object, written: object) -> None:
    assert csv_cell(said) == written


def test_a_table_is_written_so() -> None:
    text = to_csv([{"a": "=1", "b": 'x"\n=2,'}, {"a": "-1.5", "b": 2}], ("a", "b"))
    assert list(csv.reader(io.StringIO(text))) == [["a", "b"], ["'=1", 'x"\n=2,'], ["-1.5", "2"]]


def test_a_picture_has_no_character_that_xml_does_not_know() -> None:
    assert picture("\x00\x1b\nx") == "\\x00\\x1b\\nx"
    assert picture(3) == 3
