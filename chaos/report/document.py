"""run.json: what other programs read about a run.

How it ended stands in these keys; while it is under way, and where it was killed, all but the first are null:

- ``outcome``: ``held``, ``failed``, ``inconclusive``, ``interrupted``, ``not-undone``, or ``incomplete`` (under way, or
  killed);
- ``exit_code``: of the command that ran it;
- ``result``: the result line, as the report and stdout begin;
- ``finished_at``: RFC 3339, UTC, by the run's clock like all instants here (on the sandbox that clock is virtual): its
  clean-up was over then;
- ``duration_s``: seconds from ``started_at`` to it;
- ``recorded``: how many samples, events and marks there are, so that a file that lost some is noticed.

A killed run that is judged later (``chaos report``) gets the first three from what was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.analysis.headline import headline
from chaos.analysis.questions import Answer
from chaos.model import Ending, FaultWindow, History, Verdict
from chaos.model.history import rfc3339

# 2: observations name the ports of SRV records; `recorded` says how much was recorded.
SCHEMA_VERSION = 2
READABLE = (1, SCHEMA_VERSION)
# `outcome` of a run that has not ended, as far as its folder tells.
INCOMPLETE = "incomplete"


def run_json(
    history: History,
    verdicts: list[Verdict],
    answers: list[Answer],
    ending: Ending | None,
    first_sentence: Callable[[History], str] = headline,
) -> dict[str, Any]:
    """The document. Keys may be added within a schema version, never removed or given another meaning.

    Args:
        history: of the run.
        verdicts: of its checkers.
        answers: to its questions.
        ending: None: it is under way.
        first_sentence: the report's.
    """
    meta = history.meta
    finished = meta.finished_at
    return {
        "schema_version": SCHEMA_VERSION,
        "experiment": meta.experiment,
        "simulated": meta.simulated,
        "seed": meta.seed,
        "status": history.status,
        "outcome": str(ending.outcome) if ending else INCOMPLETE,
        "exit_code": ending.exit_code if ending else None,
        "result": ending.line if ending else None,
        "started_at": history.wall_text(0),
        "finished_at": rfc3339(finished) if finished else None,
        "duration_s": (finished - meta.started_at).total_seconds() if finished else None,
        "headline": first_sentence(history),
        "verdicts": [
            {"checker": v.checker, "outcome": str(v.outcome), "summary": v.summary, "evidence": list(v.evidence)}
            for v in verdicts
        ],
        "faults": [_fault(history, fault) for fault in sorted(history.faults, key=lambda f: f.trial)],
        "questions": [{"question": a.question, "answer": a.answer, "evidence": list(a.evidence)} for a in answers],
        "recorded": history.recorded() if ending and history.status != "incomplete" else None,
        "target": meta.target,
        "parameters": meta.parameters,
        "model": meta.model,
        "environment": meta.environment,
        "measurement": meta.measurement,
    }


def write_run_json(
    folder: Path,
    history: History,
    verdicts: list[Verdict],
    answers: list[Answer],
    ending: Ending | None,
    first_sentence: Callable[[History], str] = headline,
) -> None:
    """Write run.json in one step, so that a crash leaves the old one or the new one.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps(run_json(history, verdicts, answers, ending, first_sentence), indent=2, default=str) + "\n"
    unfinished = folder / "run.json.new"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / "run.json")


def _fault(history: History, fault: FaultWindow) -> dict[str, Any]:
    def text(at_ns: int | None) -> str | None:
        return None if at_ns is None else history.wall_text(at_ns)

    return {
        "fault": fault.fault,
        "trial": fault.trial,
        "targets": [target.name for target in fault.targets],
        "outcome": fault.outcome,
        "sent_at": text(fault.sent_ns),
        "accepted_at": text(fault.accepted_ns),
        "ended_at": text(fault.ended_ns),
        "detail": fault.detail,
        "parameters": fault.parameters,
        "target_identities": [asdict(target) for target in fault.targets],
    }
