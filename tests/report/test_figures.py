"""A report's sentences are written from run.json's figures, and say no number that is not one of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chaos.analysis.statements import stored
from chaos.cli.again import render_again
from chaos.cli.saved import load_run
from chaos.model.figure import Figure, Register, figures_in, plain, reader
from tests.quantities import unexplained

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "reports" / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / "sandbox", tmp_path / "run"))


def document(folder: Path) -> dict:  # type: ignore[type-arg]
    return dict(json.loads((folder / "run.json").read_text(encoding="utf-8")))


def texts(of: dict) -> dict[str, str]:  # type: ignore[type-arg]
    """Every sentence that cites figures: what it is of → the text with their ids."""
    found = {f"verdict {v['checker']}": v["text"] for v in of["verdicts"]}
    found |= {f"answer {q['question']}": q["text"] for q in of["questions"]}
    return found | {"headline": of["headline_text"], "recommendation": of["recommendation_text"]}


def said(of: dict) -> dict[str, str]:  # type: ignore[type-arg]
    """The same as people read them."""
    found = {f"verdict {v['checker']}": v["summary"] for v in of["verdicts"]}
    found |= {f"answer {q['question']}": q["answer"] for q in of["questions"]}
    return found | {"headline": of["headline"], "recommendation": of["recommendation"]}


def test_changing_one_figure_changes_exactly_the_sentences_that_cite_it(folder: Path) -> None:
    whole = document(folder)
    before = (folder / "report.md").read_text(encoding="utf-8").splitlines()
    assert len(whole["figures"]) > 20
    for key in list(whole["figures"])[::5]:
        changed = json.loads(json.dumps(whole))
        figure = changed["figures"][key]
        # Far from every other value, and shown differently in every unit.
        figure["least"] = figure["most"] = 77_770_000_000 if figure["unit"] == "ns" else 7777
        (folder / "run.json").write_text(json.dumps(changed), encoding="utf-8")
        assert render_again(folder, None, anew=False, as_json=False) == 0
        citing = {what for what, text in texts(whole).items() if f"{{figure:{key}}}" in text}
        now = said(document(folder))
        assert {what for what, text in said(whole).items() if now[what] != text} == citing
        after = (folder / "report.md").read_text(encoding="utf-8").splitlines()
        moved = [line for line, old in zip(after, before, strict=True) if line != old]
        assert len(moved) == len(citing)
        assert all("77.77 s" in line or "7777" in line or "777700%" in line for line in moved)


def test_rendering_a_stored_run_again_changes_nothing(folder: Path) -> None:
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert render_again(folder, None, anew=False, as_json=False) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == kept


def test_a_text_with_a_figure_that_is_not_there_is_refused(folder: Path) -> None:
    broken = document(folder)
    broken["figures"].popitem()
    with pytest.raises(KeyError):
        stored(broken)


def test_what_is_quoted_keeps_its_figure() -> None:
    summary = f"It took {Figure(1e9, 1e9, 'ns', 's').cite()}."
    ids = Register()
    assert ids.take(summary, "checker") == "It took {figure:checker.1}."
    assert ids.take(f"As said: {summary}", "answer-1") == "As said: It took {figure:checker.1}."
    assert ids.take(f"{Figure(2, 2).cite()} of {Figure(2, 2).cite()}", "answer-1") == (
        "{figure:answer-1.1} of {figure:answer-1.2}"
    )
    assert plain(reader(ids.figures)("{figure:answer-1.2} and {figure:checker.1}")) == "2 and 1.00 s"


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(1_364_000_000, 1_421_000_000, "ns", "s"), "between 1.36 and 1.43 s"),
        (Figure(906_100_000, 1_002_000_000, "ns", "s"), "between 0.906 and 1.01 s"),
        (Figure(906_100_000, 1_002_000_000, "ns", "ms"), "between 906 ms and 1.01 s"),
        (Figure(60_000_000_000, None, "ns", "s"), "at least 60.00 s"),
        (Figure(None, 1_640_100_000, "ns", "s"), "at most 1.65 s"),
        (Figure(30e9, 30e9, "ns", "g"), "30 s"),
        (Figure(1, 1, "reply|replies"), "1 reply"),
        (Figure(3, 3, "reply|replies"), "3 replies"),
        (Figure(2, 5, "view"), "2 views to 5 views"),
        (Figure(0.29, 0.38, "share"), "29% to 38%"),
        (Figure(None, 0.632, "share"), "at most 64%"),
    ],
)
def test_a_figure_is_written_with_its_bounds_and_unit(figure: Figure, text: str) -> None:
    assert plain(figure.cite()) == text
    assert figures_in(f"before {figure.cite()} after") == [figure]


@pytest.mark.parametrize("example", ["sandbox", "real", "laptop"])
def test_every_number_of_a_sentence_is_a_figure(example: str) -> None:
    folder = EXAMPLES / example
    load_run(folder)
    for what, text in texts(document(folder)).items():
        assert not list(unexplained(text)), what
