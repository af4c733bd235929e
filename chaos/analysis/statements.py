"""All that is said of a run, with the figures that it cites: verdicts, answers, first sentence, recommendation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.analysis.questions import Answer
from chaos.model import Verdict, VerdictOutcome
from chaos.model.figure import Register, plain, reader

# How a headline begins that no real cluster gave.
SIMULATED = "On the simulated cluster: "


@dataclass(frozen=True, slots=True)
class Statements:
    """What was concluded, in words that cite figures.

    Attributes:
        headline: the report's first sentence; empty where there is none.
        recommendation: what to do about what was measured; empty where the evidence carries none.
    """

    verdicts: tuple[Verdict, ...] = ()
    answers: tuple[Answer, ...] = ()
    headline: str = ""
    recommendation: str = ""

    def document(self) -> dict[str, Any]:
        """Their part of run.json.

        ``summary``, ``answer``, ``headline`` and ``recommendation`` are for people. ``text``, ``headline_text`` and
        ``recommendation_text`` say the same with ``{figure:ID}`` in the place of each figure; ``figures`` has these by
        id, with ``least``, ``most`` (null: not known; a value that was measured has both the same), ``unit`` (``ns``,
        ``share``, or what is counted) and ``style`` (how a duration is written). The report's sentences are written
        from them.
        """
        ids = Register()
        verdicts = [
            {
                "checker": v.checker,
                "outcome": str(v.outcome),
                "summary": v.summary,
                "evidence": list(v.evidence),
                "faults": v.faults,
                "text": ids.take(v.text, v.checker),
            }
            for v in self.verdicts
        ]
        questions = [
            {
                "question": a.question,
                "answer": a.answer,
                "evidence": list(a.evidence),
                "text": ids.take(a.text, f"answer-{number}"),
            }
            for number, a in enumerate(self.answers, 1)
        ]
        headline_text = ids.take(self.headline, "headline")
        recommendation_text = ids.take(self.recommendation, "recommendation")
        return {
            "headline": plain(self.headline),
            "headline_text": headline_text,
            "recommendation": plain(self.recommendation),
            "recommendation_text": recommendation_text,
            "verdicts": verdicts,
            "questions": questions,
            "figures": ids.figures,
        }


def stored(document: Mapping[str, Any]) -> Statements | None:
    """What a run.json says; None where nothing was concluded yet, or by a version that kept no figures.

    Raises:
        KeyError, TypeError, ValueError: it is not what `Statements.document` makes.
    """
    if not document.get("verdicts") or "figures" not in document:
        return None
    read = reader(document["figures"])
    return Statements(
        tuple(
            Verdict(v["checker"], VerdictOutcome(v["outcome"]), read(v["text"]), tuple(v["evidence"]), int(v["faults"]))
            for v in document["verdicts"]
        ),
        tuple(Answer(q["question"], read(q["text"]), tuple(q["evidence"])) for q in document["questions"]),
        read(document["headline_text"]),
        read(document.get("recommendation_text", "")),  # versions before made none
    )
