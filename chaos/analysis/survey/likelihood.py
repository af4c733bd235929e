"""Nonparametric maximum likelihood of durations that are known as intervals, many samples at a time.

A distribution gives each interval a probability; the likelihood is their product. It depends only on the mass in the
innermost gaps: those from a lower bound to an upper bound with no other bound between (B. W. Turnbull, JRSS B 38, 1976,
290-295). The masses are found by his self-consistent iteration, which is EM, in steps lengthened by SQUAREM (R.
Varadhan and C. Roland, Scandinavian Journal of Statistics 35, 2008, 335-353) wherever that does not lower the
likelihood. The log-likelihood is concave, so its gradient says how far from the maximum an iteration can be at most;
that is where it ends.

Intervals are open below and closed above, as samples make them: (1, 2] and (2, 3] have nothing in common. One of no
width is that point: its lower bound is taken one step of the floating point lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

_UPPER, _MEDIAN, _LOWER = 0, 1, 2  # kinds of bounds, in their order at one place
_TINY = 1e-300
_MOST_STEPS = 3000
_KEPT = 0.1  # of the plain step's mass, where a lengthened one would take all of it: zero would be for ever
_COMPACT = 0.3  # the share of samples that must be done before they are taken out


@dataclass(frozen=True, slots=True)
class Fit:
    """The maximum for each of b samples.

    Attributes:
        log_likelihood: (b,), at most the tolerance below the maximum.
        mass: (b, j), of each innermost gap, in ascending order; rows with fewer gaps end in zeros.
        low: (b, j), where each gap begins.
        high: (b, j), where it ends; infinite for the last one where the longest were not seen to end.
        position: (b, j), which of the 2n sorted bounds each gap begins with.
    """

    log_likelihood: Floats
    mass: Floats
    low: Floats
    high: Floats
    position: Ints


def maximise(least: Floats, most: Floats, median: Floats | None = None, *, tolerance: float = 0.01) -> Fit:
    """Fit b samples of n intervals each.

    Args:
        least: (b, n), the lower bounds.
        most: (b, n), the upper bounds, not below the lower ones; infinite where the end was not seen.
        median: (b,), where only distributions with one half below and one half above this point are admitted.
            `position` then counts it among the bounds.
        tolerance: of the log-likelihood.
    """
    n = least.shape[1]
    bounds, kinds = _bounds(least, most, median)
    order = np.lexsort((np.broadcast_to(kinds, bounds.shape), bounds), axis=1)
    place = np.argsort(order, axis=1)
    values, kind = np.take_along_axis(bounds, order, axis=1), kinds[order]
    innermost = (kind[:, :-1] >= _MEDIAN) & (kind[:, 1:] <= _MEDIAN)
    before = np.concatenate([np.zeros((len(least), 1), np.intp), np.cumsum(innermost, axis=1)], axis=1)
    number = np.arange(before[:, -1].max())
    real = number < before[:, -1:]
    first, last = (np.take_along_axis(before, place[:, s], axis=1) for s in (slice(0, n), slice(n, 2 * n)))
    cover = ((number >= first[:, :, None]) & (number < last[:, :, None])).astype(np.float64)
    if median is None:
        parts, shares = [real], [1.0]
    else:
        below = number < np.take_along_axis(before, place[:, 2 * n :], axis=1)
        parts, shares = [real & below, real & ~below], [0.5, 0.5]
    log_likelihood, mass = _climb(cover, parts, shares, tolerance)
    position = np.argsort(~innermost, axis=1, kind="stable")[:, : len(number)]
    low, high = np.take_along_axis(values, position, axis=1), np.take_along_axis(values, position + 1, axis=1)
    return Fit(log_likelihood, mass, low, high, position)


def _bounds(least: Floats, most: Floats, median: Floats | None) -> tuple[Floats, npt.NDArray[np.int8]]:
    """All bounds of each sample, and their kinds: what ends at a point is before it, what begins there is after it."""
    n = least.shape[1]
    bounds = [np.where(least == most, np.nextafter(least, -np.inf), least), most]
    kinds = [np.full(n, _LOWER, np.int8), np.full(n, _UPPER, np.int8)]
    if median is not None:
        bounds.append(median[:, None])
        kinds.append(np.full(1, _MEDIAN, np.int8))
    return np.concatenate(bounds, axis=1), np.concatenate(kinds)


def _climb(cover: Floats, parts: list[Flags], shares: list[float], tolerance: float) -> tuple[Floats, Floats]:
    """Iterate until each sample is within the tolerance.

    Args:
        cover: (b, n, j), one where an interval holds a gap.
        parts: each (b, j): the gaps that share a fixed mass, …
        shares: … this one.
        tolerance: of the log-likelihood.
    """
    samples, n, gaps = cover.shape
    log_likelihood, mass = np.empty(samples), np.zeros((samples, gaps))
    live = np.arange(samples)
    holders = np.ascontiguousarray(cover.transpose(0, 2, 1))
    p = _scaled(np.ones((samples, gaps)), parts, shares)
    for _ in range(_MOST_STEPS):
        probability, slope = _slope(cover, holders, p)
        ahead = sum(s * np.where(part, slope, 0.0).max(axis=1) for part, s in zip(parts, shares, strict=True)) - n
        log_likelihood[live], mass[live] = np.log(probability).sum(axis=1), p
        going = ahead > tolerance
        if not going.any():
            break
        if going.mean() < 1 - _COMPACT:
            live, cover, holders, p, slope = live[going], cover[going], holders[going], p[going], slope[going]
            parts = [part[going] for part in parts]
        p = _step(cover, holders, p, slope, parts, shares)
    return log_likelihood, mass


def _step(cover: Floats, holders: Floats, p: Floats, slope: Floats, parts: list[Flags], shares: list[float]) -> Floats:
    """Two steps of EM, lengthened along their curve where the likelihood allows it."""
    once = _scaled(p * slope, parts, shares)
    probability, slope = _slope(cover, holders, once)
    twice = _scaled(once * slope, parts, shares)
    first, bend = once - p, twice - 2 * once + p
    ratio = (first**2).sum(axis=1, keepdims=True) / np.maximum((bend**2).sum(axis=1, keepdims=True), _TINY)
    length = np.clip(np.sqrt(ratio), 1.0, 1e6)
    far = np.maximum(p + 2 * length * first + length**2 * bend, _KEPT * twice)
    far = _scaled(far, parts, shares)
    higher = np.log(_probability(cover, far)).sum(axis=1) >= np.log(probability).sum(axis=1)
    return np.where(higher[:, None], far, twice)


def _scaled(weights: Floats, parts: list[Flags], shares: list[float]) -> Floats:
    """Each part's weights, scaled to its mass."""
    scaled = np.zeros_like(weights)
    for part, share in zip(parts, shares, strict=True):
        kept = np.where(part, weights, 0.0)
        scaled += share * kept / np.maximum(kept.sum(axis=1, keepdims=True), _TINY)
    return scaled


def _probability(cover: Floats, p: Floats) -> Floats:
    """(b, n): the probability of each interval."""
    probability: Floats = np.maximum((cover @ p[:, :, None])[:, :, 0], _TINY)
    return probability


def _slope(cover: Floats, holders: Floats, p: Floats) -> tuple[Floats, Floats]:
    """The probability of each interval, and the log-likelihood's derivative by the mass of each gap."""
    probability = _probability(cover, p)
    slope: Floats = (holders @ (1 / probability)[:, :, None])[:, :, 0]
    return probability, slope
