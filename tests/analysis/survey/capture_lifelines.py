"""Records what lifelines' Turnbull estimate says of 40 samples, beside this file.

lifelines brings matplotlib, scipy and a dozen more, 400 MB: too much for a comparison of numbers that do not change. So
it is no development dependency, and this is run by hand, from the repository's root:

    uv run --no-project --with lifelines==0.30.0 --with "pandas<3" python tests/analysis/survey/capture_lifelines.py
"""

from __future__ import annotations

import json
import random
from math import inf
from pathlib import Path

from lifelines import KaplanMeierFitter, __version__

RECORD = Path(__file__).with_name("lifelines.json")


def sample(rng: random.Random) -> list[tuple[int, int | None]]:
    """Durations in nanoseconds, sampled with a period, in half of the samples up to a limit.

    lifelines' intervals are closed, ours are open below: what was cut off begins a nanosecond later, so that it is the
    same.
    """
    period, limit = rng.choice((10**6, 5 * 10**7, 4 * 10**8, 15 * 10**8)), rng.choice((15 * 10**8, 10**12))
    found: list[tuple[int, int | None]] = []
    for _ in range(rng.choice((6, 9, 20, 60))):
        true, phase = 1e9 * rng.lognormvariate(0, 0.5), rng.uniform(0, period)
        least = max(0, round(phase + (true - phase) // period * period))
        found.append((limit + 1, None) if true > limit else (least, min(least + period, limit)))
    return found


def curve(durations: list[tuple[int, int | None]]) -> list[tuple[int, float, float]]:
    """(time, least, most probability to take longer) at each end of an innermost gap."""
    least, most = zip(*durations, strict=True)
    fitter = KaplanMeierFitter()
    fitter.fit_interval_censoring(least, [inf if m is None else m for m in most], tol=1e-9)
    table = fitter.survival_function_
    return [(int(t), float(row.min()), float(row.max())) for t, row in table.iterrows() if t != inf]


def main() -> None:
    """Write the record."""
    rng = random.Random(1)
    samples = [sample(rng) for _ in range(40)]
    rows = [{"durations": durations, "longer": curve(durations)} for durations in samples]
    RECORD.write_text(json.dumps({"lifelines": __version__, "samples": rows}) + "\n")


if __name__ == "__main__":
    main()
