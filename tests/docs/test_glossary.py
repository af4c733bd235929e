"""docs/glossary.md has the words of reports, each once and in short."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from chaos.analysis.division import PARTS
from chaos.model import RunOutcome, VerdictOutcome

ROOT = Path(__file__).parent.parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"
ENTRIES = [
    (word, meaning)
    for word, meaning in re.findall(r"^\| (.+?) \| (.+) \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    if word != "word"
]
WORDS = {word for word, _ in ENTRIES}
_DECLARED = re.compile(r"^(?:class (\w+)|([A-Z][a-z]\w*) = )", re.MULTILINE)


def test_a_word_stands_once() -> None:
    assert [word for word, times in Counter(word.lower() for word, _ in ENTRIES).items() if times > 1] == []


def test_a_meaning_is_at_most_two_sentences() -> None:
    assert [word for word, meaning in ENTRIES if len(re.findall(r"\.(?: |$)", meaning)) not in (1, 2)] == []


def test_every_result_and_every_part_of_a_replacement_is_there() -> None:
    results = {outcome.word for outcome in RunOutcome} | {outcome.value for outcome in VerdictOutcome}
    parts = {label.partition(":")[0] for _, label in PARTS} - {"client"}  # the probe of that name
    assert results | parts <= WORDS


def test_a_name_of_a_class_or_of_a_type_stands_once_in_chaos() -> None:
    declared = Counter(
        found[1] or found[2]
        for path in (ROOT / "chaos").rglob("*.py")
        for found in _DECLARED.finditer(path.read_text(encoding="utf-8"))
    )
    assert len(declared) > 400
    assert [name for name, times in declared.items() if times > 1] == []
