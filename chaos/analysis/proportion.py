"""How much a count of connections says about the probability behind it."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(count: int, of: int, *, confidence: float = 0.95, intervals: int = 1) -> tuple[float, float]:
    """Wilson's interval for a probability (E. B. Wilson, JASA 22, 1927), good for small counts and near 0 and 1.

    Args:
        count: how often it happened.
        of: how often it could have; at least 1.
        confidence: that all `intervals` together cover their probabilities.
        intervals: that are stated side by side; each is made wider for it (Bonferroni).
    """
    if of < 1:
        raise ValueError("an interval needs at least one observation")
    z = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * intervals))
    share = count / of
    scale = 1 + z * z / of
    middle = (share + z * z / (2 * of)) / scale
    half = z / scale * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def excluded(looks: int, *, confidence: float = 0.95) -> float:
    """The share that so many looks exclude which all went the other way: any larger one would have shown itself.

    Args:
        looks: independent ones; at least 1.
        confidence: that a thing with exactly that share would have been seen among them.
    """
    if looks < 1:
        raise ValueError("nothing is excluded without a look")
    return float(1 - (1 - confidence) ** (1 / looks))
