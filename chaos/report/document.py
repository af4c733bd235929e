"""run.json: what other programs read about a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.analysis.headline import headline
from chaos.analysis.questions import Answer
from chaos.model import FaultWindow, History, Verdict

SCHEMA_VERSION = 1


def run_json(
    history: History,
    verdicts: list[Verdict],
    answers: list[Answer],
    first_sentence: Callable[[History], str] = headline,
) -> dict[str, Any]:
    """The document. Keys may be added within a schema version, never removed or given another meaning."""
    meta = history.meta
    return {
        "schema_version": SCHEMA_VERSION,
        "experiment": meta.experiment,
        "simulated": meta.simulated,
        "seed": meta.seed,
        "status": history.status,
        "started_at": history.wall_text(0),
        "headline": first_sentence(history),
        "verdicts": [
            {"checker": v.checker, "outcome": str(v.outcome), "summary": v.summary, "evidence": list(v.evidence)}
            for v in verdicts
        ],
        "faults": [_fault(history, fault) for fault in sorted(history.faults, key=lambda f: f.trial)],
        "questions": [{"question": a.question, "answer": a.answer, "evidence": list(a.evidence)} for a in answers],
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
    first_sentence: Callable[[History], str] = headline,
) -> None:
    """Write run.json in one step, so that a crash leaves the old one or the new one.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps(run_json(history, verdicts, answers, first_sentence), indent=2, default=str) + "\n"
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
