"""`python -m benchmarks.seeded_experiments --seeds 0:2000`: exit code 1 where a report is against the truth."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from functools import partial

from benchmarks.seeded_experiments.result import PROMISED, PROMISED_NAMED, PROMISED_WIDTH, Total, experiment

# A process that has run many experiments is replaced, so that none grows without bound.
_EXPERIMENTS_A_PROCESS = 50
_SHOWN_S = 30


def main() -> int:
    """Run the experiments of a range of seeds, and print what came of them."""
    parser = argparse.ArgumentParser(description="Simulated experiments against what really happened in them.")
    parser.add_argument("--seeds", default="0:2000", help="FIRST:LAST+1, or one seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=90.0, help="after which no more results are awaited")
    parser.add_argument("--undecided", action="store_true", help="show which checks were not decided, and why")
    given = parser.parse_args()
    first, _, after = given.seeds.partition(":")
    seeds = range(int(first), int(after) if after else int(first) + 1)
    total = Total()
    began_s = shown_s = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(given.processes, maxtasksperchild=_EXPERIMENTS_A_PROCESS) as pool:
        for done in pool.imap_unordered(partial(experiment, rendered=True), seeds):
            total.add(done)
            for violation in done.violations:
                print(f"{done.drawn}: {violation}", file=sys.stderr, flush=True)
            now_s = time.monotonic()
            if now_s - shown_s > _SHOWN_S:
                shown_s = now_s
                print(f"{total.done} of {len(seeds)} after {now_s - began_s:.0f} s", file=sys.stderr, flush=True)
            if now_s - began_s > given.minutes * 60:
                total.violations.append(f"only {total.done} of {len(seeds)} were done within {given.minutes:g} minutes")
                pool.terminate()
                break
    for line in table(total, time.monotonic() - began_s):
        print(line)
    if given.undecided:
        print("\n".join(total.undecided))
    return 1 if total.violations or short_of(total) else 0


def table(total: Total, took_s: float) -> Iterator[str]:
    """What is printed."""
    yield (
        f"{total.done} experiments in {took_s:.0f} s ({total.cpu_s:.0f} s of CPU), {total.samples} samples, "
        f"at most {total.most_samples} in one"
    )
    for what in dict.fromkeys(key for key, _ in sorted(total.drawn)):
        counts = {value: n for (key, value), n in sorted(total.drawn.items()) if key == what}
        yield f"  {what}: " + ", ".join(f"{value} {n}" for value, n in counts.items())
    yield f"{total.intervals.total()} intervals: " + ", ".join(f"{k} {n}" for k, n in sorted(total.intervals.items()))
    yield f"{total.verdicts.total()} verdicts, by what is true:"
    for (checker, outcome, true), number in sorted(total.verdicts.items()):
        yield f"  {checker} {outcome}, {true}: {number}"
    for group, judged in sorted(total.judged.items()):
        share = total.decided[group] / judged if judged else 1.0
        promised = f" (promised {PROMISED[group]:.0%})" if group in PROMISED else ""
        yield f"decided at {group}: {total.decided[group]} of {judged} checks, {share:.1%}{promised}"
    yield f"median width: {total.width:.2f} periods and a round trip (promised {PROMISED_WIDTH:g})"
    yield (
        f"causes that made 60 % of an outage, at periods of at most 5 % of it: {sum(total.named)} of "
        f"{len(total.named)} named (promised {PROMISED_NAMED:.0%})"
    )
    yield f"{len(total.violations)} violations"
    yield from (f"  {violation}" for violation in total.violations)


def short_of(total: Total) -> bool:
    """Whether less was decided, or less finely, than is promised."""
    shares = (total.decided[g] >= share * total.judged[g] for g, share in PROMISED.items())
    few = sum(total.named) < PROMISED_NAMED * len(total.named)
    return few or not all(shares) or total.width > PROMISED_WIDTH


if __name__ == "__main__":
    sys.exit(main())
