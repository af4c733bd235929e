"""Runs whose API server fails at one request of a hundred, and of ten: no wrong verdict, and nothing left untold.

The whole of it is `python -m benchmarks.api_faults`.
"""

from __future__ import annotations

from functools import cache

import pytest

from benchmarks.api_faults import Total, total
from kubesim.api.faults import STALL

# The cheapest of the experiments there; one of each in the others' place would cost ten times as much.
_NAMES = ("identity-persistence", "scale-cycle")


@cache
def found(share: float, runs: int) -> Total:
    return total(share, range(runs), _NAMES)


@pytest.mark.parametrize(("share", "runs", "least"), [(0.0, 1, 1), (0.01, 4, 3), (0.1, 5, 3), (0.5, 2, 0)])
def test_verdicts_are_reached_and_right_and_nothing_is_left(share: float, runs: int, least: int) -> None:
    done = found(share, runs)
    assert done.wrong == []
    assert done.hangs == []
    assert done.untold == []
    assert done.only_told == 0
    assert done.reached >= least


def test_silent_stalls_give_no_wrong_verdict() -> None:
    done = total(0.02, range(2), _NAMES, (STALL,))
    assert (done.wrong, done.hangs, done.untold) == ([], [], [])
