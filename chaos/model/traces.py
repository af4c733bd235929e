"""What a run that did not count what it recorded (schema 1) tells of it all the same, where some of it is lost.

Such a run cannot be shown to be whole. It can be shown not to be: its run.json names its faults and how many questions
its probes asked, and its events tell how long it went on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chaos.model.history import History

_NS_PER_S = 1_000_000_000
# In whole runs on both clusters the last sample of each name came at most 0.24 s, or a period, before the end.
_SILENT_AT_MOST_S = 0.5
_SILENT_PERIODS = 3
# A client resolves a name at most so often for one sample; methods ask a few questions of their own.
_ASKED_PER_CLIENT_SAMPLE = 2
_ASKED_BY_METHODS = 200
_FOUND_AT_LEAST = 0.9


def missing(history: History, head: dict[str, Any]) -> list[str]:
    """What is certainly lost, each as a clause; empty where nothing shows it.

    Args:
        history: as it was read back.
        head: run.json of a run that came to its end.
    """
    return [*_faults(history, head.get("faults") or ()), *_samples(history), *_questions(history)]


def _faults(history: History, told: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Each fault, and its end, stands in run.json as well."""
    found = {fault.trial: fault for fault in history.faults}
    for fault in told:
        trial = fault["trial"]
        if trial not in found:
            yield f"the fault of trial {trial} is not there"
        elif found[trial].outcome != fault["outcome"] or (fault.get("ended_at") and found[trial].ended_ns is None):
            yield f"how the fault of trial {trial} ended is not there"


def _samples(history: History) -> Iterator[str]:
    """Names are asked for until the method ends, which marks and faults show; only reverse ones are given up before."""
    lost = {details.get("vantage") for _, what, details in history.marks if what == "vantage-lost"}
    asked = [
        s for s in history.series if s.probe == "dns" and not s.record.startswith("PTR ") and s.vantage not in lost
    ]
    ends = [fault.ended_ns or fault.sent_ns for fault in history.faults] + [at_ns for at_ns, _, _ in history.marks]
    short_s = {}
    for series in asked:
        received = history.samples[series.id].received_ns
        silent_s = (max(ends, default=0) - received[-1]) / _NS_PER_S if received else 0.0
        if silent_s > _SILENT_AT_MOST_S + _SILENT_PERIODS * series.period_s:
            short_s[series.id] = silent_s
    if short_s:
        longest_s = max(short_s.values())
        yield f"{len(short_s)} of {len(asked)} series of DNS samples end up to {longest_s:.1f} s before the run did"


def _questions(history: History) -> Iterator[str]:
    """Each question was asked for a DNS sample, for a client's sample, or by the method itself."""
    asked = history.meta.measurement.get("dns_queries")
    if not isinstance(asked, int):
        return
    counts = {True: 0, False: 0}
    for series in history.series:
        counts[series.probe == "dns"] += len(history.samples[series.id])
    explained = counts[True] + _ASKED_PER_CLIENT_SAMPLE * counts[False] + _ASKED_BY_METHODS
    if explained < _FOUND_AT_LEAST * asked:
        yield f"{asked} DNS queries were sent and {counts[True]} answers to them are there"
