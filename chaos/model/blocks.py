"""Samples of one series as columns of small numbers, for a line of JSON on disk or on the wire."""

from __future__ import annotations

from itertools import accumulate
from operator import add, sub
from typing import Any

from chaos.model.series import Samples


def to_block(series_id: int, samples: Samples, start: int = 0) -> dict[str, Any]:
    """The samples from `start` on, at least one: ``series``, and the columns ``scheduled_ns`` (the first instant, then
    differences), ``late_ns`` (sent - scheduled), ``took_ns`` (received - sent) and ``outcome``.
    """
    scheduled, sent = samples.scheduled_ns[start:], samples.sent_ns[start:]
    return {
        "series": series_id,
        "scheduled_ns": [scheduled[0], *map(sub, scheduled[1:], scheduled)],
        "late_ns": list(map(sub, sent, scheduled)),
        "took_ns": list(map(sub, samples.received_ns[start:], sent)),
        "outcome": samples.outcome[start:].tolist(),
    }


def append_block(block: dict[str, Any], samples: Samples) -> None:
    """Append what `to_block` made to samples of the same series."""
    scheduled = list(accumulate(block["scheduled_ns"]))
    sent = list(map(add, scheduled, block["late_ns"]))
    samples.scheduled_ns.extend(scheduled)
    samples.sent_ns.extend(sent)
    samples.received_ns.extend(map(add, sent, block["took_ns"]))
    samples.outcome.extend(block["outcome"])
