"""The durations of n faults themselves: each fault one duration, each duration an interval.

`fault_figures` makes one duration of what several views, vantages or pods saw of a fault. `order` has the median and
the range of those n, `support` what n faults support without a model. What they tell of faults to come is estimated in
`chaos.analysis.survey`.
"""

from __future__ import annotations

from chaos.analysis.durations.fault_figures import last_of, one_per_fault
from chaos.analysis.durations.order import kth, largest, middle, smallest
from chaos.analysis.durations.support import NoneLonger, next_no_longer, none_longer

__all__ = [
    "NoneLonger",
    "kth",
    "largest",
    "last_of",
    "middle",
    "next_no_longer",
    "none_longer",
    "one_per_fault",
    "smallest",
]
