"""What a look at a figure of `--abort-if` costs, of samples as a fast run brings them.

python -m benchmarks.abort_figures
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from chaos.clock import RunClock
from chaos.engine.aborting.figure import Figure
from chaos.model import Outcome, RunMeta
from chaos.model.recording import Recorder
from chaos.options.conditions import FigureCondition, parse_condition
from kubesim import run_virtual

SERIES, PERIOD_NS, SECONDS, LOOKS_A_SECOND = 36, 2_000_000, 60, 4
GOOD, BAD = Outcome("NOERROR", values=("10.0.0.1",), ttl=30), Outcome("NXDOMAIN", ttl=30)


def main() -> None:
    """Print the CPU time of the looks, for a second of the run and for a sample."""
    with tempfile.TemporaryDirectory() as folder:
        run_virtual(_measure(Path(folder)))


async def _measure(folder: Path) -> None:
    clock = RunClock(asyncio.get_running_loop())
    recorder = Recorder(folder, RunMeta("abort-figures", simulated=True, started_at=datetime.now(UTC)))
    fields = {"probe": "dns", "view": "v", "pod": "web-0", "name": "n", "period_s": 0.002, "timeout_s": 1.0}
    series = [recorder.open_series(record=f"A web-{n}.web", **fields) for n in range(SERIES)]
    good, bad = recorder.outcome_id(GOOD), recorder.outcome_id(BAD)
    said = parse_condition("dns.failing > 1h")
    assert isinstance(said, FigureCondition)
    figure = Figure(said, recorder, clock, set(), lambda: ())
    figure.begin()
    each = 1_000_000_000 // PERIOD_NS // LOOKS_A_SECOND
    spent_s, worst_s, at_ns = 0.0, 0.0, 0
    for look in range(SECONDS * LOOKS_A_SECOND):
        for number in range(each):
            at_ns += PERIOD_NS
            # Every tenth look falls into an outage, and every twentieth sees one begin.
            outcome = bad if look % 10 == 0 and (look % 20 or number > each // 2) else good
            for one in series:
                recorder.sample(one.id, at_ns, at_ns, at_ns + 500_000, outcome)
        began_s = time.process_time()
        await figure.look()
        took_s = time.process_time() - began_s
        spent_s, worst_s = spent_s + took_s, max(worst_s, took_s)
    recorder.close()
    samples = SERIES * each * LOOKS_A_SECOND * SECONDS
    print(f"{samples} samples of {SERIES} series, {LOOKS_A_SECOND} looks a second for {SECONDS} s")
    print(f"CPU: {spent_s / SECONDS * 1000:.2f} ms for a second, {spent_s / samples * 1e9:.0f} ns for a sample")
    print(f"the longest look took {worst_s * 1000:.2f} ms")


if __name__ == "__main__":
    main()
