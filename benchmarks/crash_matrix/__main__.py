"""The crash matrix: what is left after a run, or its recovery, died at each of its writes and journal lines.

``python -m benchmarks.crash_matrix`` runs every experiment on the simulated cluster in every way that makes other
requests (`variants.py`), has it die before each request, after each answer, in the midst of each line of its journal
and after it, and recovers: on the same machine, from a copy of the folder that no key signed, and, by what is in the
cluster alone, from another machine. ``--recoveries N`` has one of N moments of each recovery be its last as well, and
a second one finish. Then every field of every object is compared with before (`tests/unchanged.py`).

``--every N --first K`` dies at one of N moments, ``--only NAME`` (may be given again) runs some experiments,
``--variant NAME`` some ways, ``--moment KIND`` one kind of death. Exits 1 where anything is not as before, or was
not told.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.crash_matrix.crossroads import Fate
from benchmarks.crash_matrix.killing import Killed, Sample, kill
from benchmarks.crash_matrix.mortal import MOMENTS
from benchmarks.crash_matrix.variants import Variant, variants

_HEAD = ("experiment", "variant", "dies", "kills", "changed and untold", "not as before")
_SHOWN = 6
# So many moments of each kind every run has.
_LEAST = 5


def main() -> int:
    """Print the table, and what is wrong below it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="an experiment; may be given again")
    parser.add_argument("--variant", action="append", default=[], metavar="NAME", help="a way to run it")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="die at one of N moments of each run")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="which of these N comes first")
    parser.add_argument("--recoveries", type=int, default=0, metavar="N", help="and at one of N of each recovery")
    parser.add_argument(
        "--moment", action="append", default=[], choices=MOMENTS, help="only such deaths; may be given again"
    )
    parser.add_argument("--list", action="store_true", help="only show the ways")
    asked = parser.parse_args()
    chosen = [
        one
        for one in variants()
        if one.experiment.name in (asked.only or [one.experiment.name]) and one.name in (asked.variant or [one.name])
    ]
    if asked.list:
        print("\n".join(f"{one.experiment.name}: {one.name}" for one in chosen))
        return 0
    print("| " + " | ".join(_HEAD) + " |\n|" + "---|" * 3 + "--:|" * 3)
    fates: list[Fate] = []
    wrong, began = 0, time.process_time()
    for number, variant in enumerate(chosen):  # each begins at another moment, so that a sample is of all kinds of them
        killed = kill(
            variant,
            Sample(asked.every, asked.first + number % _LEAST, asked.recoveries, tuple(asked.moment) or MOMENTS),
        )
        fates += killed.fates
        for row in rows(variant, killed):
            print("| " + " | ".join(row) + " |", flush=True)
        for problem in problems(variant, killed):
            print(problem, file=sys.stderr, flush=True)
            wrong += 1
    for row in summary(fates):
        print("| " + " | ".join(row) + " |")
    good = len(fates) - sum(bool(one.untold or one.left) for one in fates)
    print(
        f"\n{good} of {len(fates)} deaths in {len(chosen)} ways to run an experiment left all as before, and told of it"
    )
    print(f"{time.process_time() - began:.0f} s of processor time, without children", file=sys.stderr)
    return 1 if wrong or not fates else 0


def rows(variant: Variant, killed: Killed) -> Iterator[tuple[str, ...]]:
    """A row for each way to die, whatever the place of the recovery."""
    for dies in dict.fromkeys(one.dies for one in killed.fates):
        yield variant.experiment.name, variant.name, dies, *_counts([f for f in killed.fates if f.dies == dies])


def summary(fates: Sequence[Fate]) -> Iterator[tuple[str, ...]]:
    """A row for each way to die and each place of the recovery, of all experiments."""
    for dies, place in sorted({(one.dies, one.place) for one in fates}):
        yield "all", f"from {place}", dies, *_counts([f for f in fates if (f.dies, f.place) == (dies, place)])


def _counts(of: Sequence[Fate]) -> tuple[str, ...]:
    return tuple(map(str, (len(of), sum(bool(one.untold) for one in of), sum(bool(one.left) for one in of))))


def problems(variant: Variant, killed: Killed) -> Iterator[str]:
    """What is wrong, in words; of a run that did not die too."""
    name = f"{variant.experiment.name}, {variant.name}"
    if not killed.fates:
        yield f"{name}: nobody died at any of its {killed.moments} moments"
    if killed.ended:
        yield f"{name}: not all of it was run: {killed.ended}"
    if killed.itself:
        yield f"{name}: left by the run that did not die: {'; '.join(killed.itself[:_SHOWN])}"
    for one in killed.fates:
        if one.untold or one.left:
            said = [*(f"untold: {what}" for what in one.untold), *one.left]
            yield f"{name}: {one.dies} at {one.number}, {one.place}: {'; '.join(said[:_SHOWN])}"


if __name__ == "__main__":
    sys.exit(main())
