"""What the durations of n faults say together: each fault one duration, each duration an interval.

`fault_figures` makes one duration of what several views, vantages or pods saw of a fault. `order` has the median and
the range of those n themselves; `estimate` and `median` say what they tell of faults to come, `support` what n faults
support at all, and `looks` when enough were injected. Nothing here imports numpy before it is needed.
"""

from __future__ import annotations

from chaos.analysis.survey.estimate import Piece, estimate, quantile
from chaos.analysis.survey.fault_figures import last_of, one_per_fault
from chaos.analysis.survey.looks import Decision, Plan, decide, plan, relative_half_width
from chaos.analysis.survey.median import median_interval, outer_median_interval
from chaos.analysis.survey.order import largest, middle, smallest
from chaos.analysis.survey.support import NoneLonger, next_no_longer, none_longer

__all__ = [
    "Decision",
    "NoneLonger",
    "Piece",
    "Plan",
    "decide",
    "estimate",
    "largest",
    "last_of",
    "median_interval",
    "middle",
    "next_no_longer",
    "none_longer",
    "one_per_fault",
    "outer_median_interval",
    "plan",
    "quantile",
    "relative_half_width",
    "smallest",
]
