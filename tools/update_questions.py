"""Writes docs/questions.md: every question of the unit, who answers it, and what a real run said.

python tools/update_questions.py

The answers are those of the runs in reports/examples, word for word.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from chaos.experiment import Experiment, load_experiments  # noqa: E402 - the path must be there first
from experiments.shared.course import UNIT  # noqa: E402

PATH = ROOT / "docs" / "questions.md"
EXAMPLES = ROOT / "reports" / "examples"
_KINDS = {
    "reflection": "opening reflection",
    "analysis": "analysis",
    "challenge": "validation criterion",
    "troubleshooting": "troubleshooting",
    "look-ahead": "look-ahead",
}


def questions() -> str:
    """The document."""
    experiments = load_experiments()
    lines = [
        "# The questions of the unit, and the experiments that answer them",
        "",
        "Made by `python tools/update_questions.py` from the experiments and from their example runs on a real",
        "cluster (`reports/examples`), whose words these are; a test fails where they differ. A run of your own,",
        "`chaos run NAME`, answers with its own figures. [glossary.md](glossary.md) explains the words.",
    ]
    part = ""
    for question in UNIT.values():
        if question.part != part:
            part = question.part
            lines += ["", f"## {part}"]
        answering = [e for e in experiments if question.key in e.question_keys()]
        lines += ["", f"### {question.text}", "", f"*{_KINDS[question.kind]}*", ""]
        lines += [line for experiment in answering for line in _answer(experiment, question.text)] or [
            "Nobody answers it."
        ]
    lines += ["", "## Questions that experiments ask besides"]
    for experiment in experiments:
        own = [q for q in experiment.questions if not isinstance(q, str) and q.key not in UNIT]
        for asked in own:
            lines += ["", f"### {asked.text}", "", *_answer(experiment, asked.text)]
    return "\n".join(lines).rstrip() + "\n"


def _answer(experiment: Experiment, question: str) -> Iterator[str]:
    """What the example run said, and where it stands."""
    folder = EXAMPLES / experiment.name
    document = folder / "run.json"
    if not document.is_file():
        yield f"- `chaos run {experiment.name}`"
        return
    found = json.loads(document.read_text(encoding="utf-8"))
    said = next((q["answer"] for q in found["questions"] if q["question"] == question), "")
    report = f"[report](../reports/examples/{experiment.name}/report.md)"
    yield f"- `chaos run {experiment.name}` ({report}): {said or 'not measured in that run.'}"


if __name__ == "__main__":
    PATH.write_text(questions(), encoding="utf-8")
