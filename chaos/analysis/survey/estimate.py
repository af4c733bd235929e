"""The distribution that makes the observed intervals most likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from chaos.analysis.survey.likelihood import maximise
from chaos.analysis.survey.sample import sample
from chaos.model import Interval

_TOLERANCE = 1e-6  # of the log-likelihood
_NOTHING = 1e-4  # a mass below it is what the iteration leaves of zero


@dataclass(frozen=True, slots=True)
class Piece:
    """A probability somewhere in an interval; where in it the observations do not say."""

    within: Interval
    probability: float


def estimate(durations: Sequence[Interval]) -> tuple[Piece, ...]:
    """The nonparametric maximum-likelihood estimate, by ascending interval; empty of no durations.

    With exact durations it gives each 1/n, with right-censored ones it is Kaplan and Meier's, with intervals Turnbull's
    (`chaos.analysis.survey.likelihood`). It takes for granted that when the looks were made has nothing to do with how
    long it took, apart from that they stop once it is over. Say it from 6 durations on; of fewer it says little more
    than they do.
    """
    if not durations:
        return ()
    fit = maximise(*sample(durations), tolerance=_TOLERANCE)
    kept = [
        (round(low), None if high == inf else int(high), float(mass))
        for low, high, mass in zip(fit.low[0], fit.high[0], fit.mass[0], strict=True)
        if mass > _NOTHING
    ]
    total = sum(mass for _, _, mass in kept)
    return tuple(Piece(Interval(low, high), mass / total) for low, high, mass in kept)


def quantile(pieces: Sequence[Piece], share: float) -> Interval:
    """Where the estimate's quantile lies; the median with one half.

    Args:
        pieces: an estimate, not empty.
        share: in (0, 1). Where a piece ends at exactly this share, every value up to the next piece is such a quantile.
    """
    if not pieces:
        raise ValueError("nothing has no quantile")
    total, low = 0.0, pieces[-1].within
    for number, piece in enumerate(pieces):
        total += piece.probability
        if total > share + _NOTHING:
            return piece.within
        if total > share - _NOTHING and number + 1 < len(pieces):
            return Interval(piece.within.after_ns, pieces[number + 1].within.before_ns)
    return low
