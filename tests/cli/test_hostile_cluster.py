"""A cluster that says what terminals, browsers and spreadsheets obey is quoted everywhere, and obeyed nowhere."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree as ET

import pytest

from tests.commands import run_command

EXPERIMENT = Path(__file__).parent / "hostile" / "hostile.py"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> CompletedProcess[str]:
    reports = tmp_path_factory.mktemp("hostile")
    done = run_command("run", EXPERIMENT, "--sandbox", "-v", "--period", "100ms", "--reports", reports)
    done.args = next((reports / "hostile").iterdir())
    return done


def without_code(markdown: str) -> str:
    """As it is rendered, code apart."""
    outside = re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<!\\)`[^`\n]*(?<!\\)`", "", outside)


def test_it_was_heard(ran: CompletedProcess[str]) -> None:
    """Else nothing were tested here."""
    report = (ran.args / "report.md").read_text()
    assert "\\x1b]0;owned\\x07" in report
    assert "evil" in report
    assert "\\x1b]0;owned\\x07" in ran.stdout
    assert "app-0" in ran.stderr


def test_the_terminal_obeys_nothing(ran: CompletedProcess[str]) -> None:
    full = run_command("report", ran.args, "--full")
    again = run_command("check", ran.args, "--experiment", EXPERIMENT)
    for said in (ran.stdout, ran.stderr, full.stdout, again.stdout, again.stderr):
        assert not OBEYED.search(said)


def test_no_file_holds_what_a_terminal_obeys(ran: CompletedProcess[str]) -> None:
    for path in ran.args.iterdir():
        assert not OBEYED.search(path.read_text(encoding="utf-8")), path.name


def test_the_report_has_no_markup_of_the_clusters(ran: CompletedProcess[str]) -> None:
    shown = without_code((ran.args / "report.md").read_text())
    assert not re.search(r"<(?!/?(details|summary)>)[a-zA-Z/!]", shown)
    assert "](http" not in shown
    rows = [line for line in shown.splitlines() if line.startswith("|") and "owned" in line]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) <= 5 for row in rows)


def test_no_cell_is_a_formula(ran: CompletedProcess[str]) -> None:
    for path in ran.args.glob("*.csv"):
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
            assert not [cell for cell in row if re.match(r"[=@\t\r]|[-+](?!\d+(\.\d+)?$)", cell)]


def test_the_picture_is_a_picture(ran: CompletedProcess[str]) -> None:
    names = {element.tag.rpartition("}")[2] for element in ET.parse(ran.args / "timeline.svg").iter()}
    assert names <= {"svg", "title", "desc", "defs", "pattern", "rect", "path", "circle", "g", "text", "clipPath"}
