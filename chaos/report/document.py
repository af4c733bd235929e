"""run.json: what other programs read about a run.

How it ended stands in these keys; while it is under way, and where it was killed, all but the first are null:

- ``outcome``: ``held``, ``failed``, ``inconclusive``, ``interrupted``, ``aborted``, ``not-undone``, or ``incomplete``
  (under way, or killed);
- ``exit_code``: of the command that ran it;
- ``result``: the result line, as the report and stdout begin;
- ``finished_at``: RFC 3339, UTC, by the run's clock like all instants here (on the sandbox that clock is virtual): its
  clean-up was over then;
- ``duration_s``: seconds from ``started_at`` to it;
- ``figures``: what the sentences cite, by id; see `chaos.analysis.statements`;
- ``recorded``: how many samples, events and marks there are, so that a file that lost some is noticed.

A killed run that is judged later (``chaos report``) gets the first three from what was recorded.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements
from chaos.model import Ending, FaultWindow
from chaos.model.history import rfc3339
from chaos.model.private import write_text
from chaos.model.recording import RUN

# 2: observations name the ports of SRV records; `recorded` says how much was recorded.
SCHEMA_VERSION = 2
READABLE = (1, SCHEMA_VERSION)
# `outcome` of a run that has not ended, as far as its folder tells.
INCOMPLETE = "incomplete"
# The page for people, beside it.
REPORT = "report.md"


def run_json(
    reading: Reading,
    said: Statements,
    ending: Ending | None,
) -> dict[str, Any]:
    """The document. Keys may be added within a schema version, never removed or given another meaning.

    Args:
        reading: of the run.
        said: what was concluded.
        ending: None: it is under way.
    """
    meta = reading.meta
    finished = meta.finished_at
    statements = said.document()
    return {
        "schema_version": SCHEMA_VERSION,
        "experiment": meta.experiment,
        "simulated": meta.simulated,
        "seed": meta.seed,
        "status": reading.status,
        "outcome": str(ending.outcome) if ending else INCOMPLETE,
        "exit_code": ending.exit_code if ending else None,
        "result": ending.line if ending else None,
        "started_at": reading.wall_text(0),
        "finished_at": rfc3339(finished) if finished else None,
        "duration_s": (finished - meta.started_at).total_seconds() if finished else None,
        "headline": statements["headline"],
        "recommendation": statements["recommendation"],
        "verdicts": statements["verdicts"],
        "faults": [_fault(reading, fault) for fault in sorted(reading.faults, key=lambda f: f.trial)],
        "questions": statements["questions"],
        "headline_text": statements["headline_text"],
        "recommendation_text": statements["recommendation_text"],
        "figures": statements["figures"],
        "recorded": reading.history.recorded() if ending and reading.status != "incomplete" else None,
        "target": meta.target,
        "parameters": meta.parameters,
        "model": meta.model,
        "environment": meta.environment,
        "measurement": meta.measurement,
    }


def write_run_json(
    folder: Path,
    reading: Reading,
    said: Statements,
    ending: Ending | None,
) -> None:
    """Write run.json in one step, so that a crash leaves the old one or the new one.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps(run_json(reading, said, ending), indent=2, default=str) + "\n"
    unfinished = folder / "run.json.new"
    write_text(unfinished, text)
    unfinished.replace(folder / RUN)


def _fault(reading: Reading, fault: FaultWindow) -> dict[str, Any]:
    def text(at_ns: int | None) -> str | None:
        return None if at_ns is None else reading.wall_text(at_ns)

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
