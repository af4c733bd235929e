"""What the durations of n faults tell of faults to come: each fault one duration, each duration an interval.

`estimate` and `median` say it, `looks` when enough faults were injected. It computes with numpy, so only what judges a
run imports it; what an experiment's file needs of its durations is in `chaos.analysis.durations`.
"""

from __future__ import annotations

from chaos.analysis.survey.estimate import Piece, estimate, quantile
from chaos.analysis.survey.looks import Decision, Plan, decide, plan, relative_half_width
from chaos.analysis.survey.median import median_interval, outer_median_interval

__all__ = [
    "Decision",
    "Piece",
    "Plan",
    "decide",
    "estimate",
    "median_interval",
    "outer_median_interval",
    "plan",
    "quantile",
    "relative_half_width",
]
