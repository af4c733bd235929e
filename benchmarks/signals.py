"""Signals at random moments of a run: does it undo and report, or leave at once and say how to go on?

``python -m benchmarks.signals --each 200`` starts `chaos run` so often for each of INT, TERM, HUP and QUIT, and sends
the signal at a seeded random moment: a fifth while the tool imports itself, in a process started anew; the others in
a process that has imported it, at an instant of its own CPU time between its first line and its end, so that a busy
machine changes nothing. The cluster is the sandbox in virtual time, taken for a real one, so that all counts. A third
get a second signal soon after. What the cluster holds in the instant of the exit is compared with what it held before.
A violation is: a traceback, an exit code that no documentation has for it, anything left with another code than 5, and
with 5 no complete command, or a thing left that no journal has; no report after a single signal. Exits with 1 on any.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.signalled import Died, importing, running

SIGNALS = ("INT", "TERM", "HUP", "QUIT")
_WHILE_IMPORTING, _TWICE = 0.2, 1 / 3
_SECOND_WITHIN_S = 0.15
_TRACES = ("Traceback", "KeyboardInterrupt", "Exception ignored", "defect")


@dataclass(slots=True)
class Row:
    """What became of the runs that got one signal."""

    runs: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def problems(died: Died, whole_code: int, *, twice: bool) -> list[str]:
    """What must not be."""
    found = [f"stderr has {trace!r}" for trace in _TRACES if trace in died.said]
    if died.code not in (130, 5, whole_code):
        found.append(f"exit code {died.code}")
    if died.code != 5 and died.left:  # noqa: PLR2004 - something could not be undone
        found.append(f"exit code {died.code}, and left: {died.left}")
    if died.code == 5:  # noqa: PLR2004 - likewise
        found += _told(died)
    if not twice and died.code == 130 and died.folder is not None and died.status != "interrupted":  # noqa: PLR2004
        found.append(f"no report: run.json says {died.status!r}")
    return found


def _told(died: Died) -> list[str]:
    """Whether the command is whole, and its journal has all that is left."""
    if died.folder is None:
        return ["exit code 5, and there is no folder"]
    command = f"chaos recover {died.folder} --context lab"
    missing = [] if command in died.said or not died.left else [f"exit code 5 without {command!r}"]
    return missing + [f"{one} is left, and no journal has it" for one in died.left if not died.covers(one)]


def main() -> None:
    """Print a row for each signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=SIGNALS)
    parser.add_argument("--experiment", default="dns-outage")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop then, and print what was found")
    parser.add_argument("-v", action="store_true")
    given = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as base:
        whole = running(given.experiment, Path(base) / "whole", None, 0.0, None)
        print(f"left alone: exit code {whole.code}, {whole.cpu_s:.2f} s of CPU, left: {whole.left}", flush=True)
        rows = {name: Row() for name in given.only}
        for number in range(given.each):
            if given.minutes and time.monotonic() - began_s > 60 * given.minutes:
                print("time is up", flush=True)
                break
            for name, row in rows.items():
                rng = random.Random(f"{given.seed}/{name}/{number}")
                number_of = getattr(signal, f"SIG{name}")
                reports = Path(base) / f"{name}-{number}"
                row.runs += 1
                if rng.random() < _WHILE_IMPORTING:
                    at_s, second_s = rng.random(), None
                    died = importing(given.experiment, reports, number_of, at_s)
                    died.left = []  # its cluster is gone
                    what = f"{name} {number}: at {at_s:.3f} of its imports"
                else:
                    at_s = rng.uniform(0.0, whole.cpu_s)
                    second_s = rng.uniform(0.0, _SECOND_WITHIN_S) if rng.random() < _TWICE else None
                    died = running(given.experiment, reports, number_of, at_s, second_s)
                    what = f"{name} {number}: at {at_s:.3f} s" + (f" and {second_s:.3f} s later" if second_s else "")
                row.codes[f"{died.code}{' after two' if died.signals > 1 else ''}"] += 1
                found = problems(died, whole.code, twice=died.signals > 1)
                row.violations += found
                for one in found:
                    print(f"  {what}: {one}", flush=True)
                if given.v:
                    print(f"{what}: {died.code} {died.said[-300:]!r}", flush=True)
        print("signal | runs | violations | exit codes")
        for name, row in rows.items():
            print(f"{name:6} | {row.runs:4} | {len(row.violations):10} | {dict(sorted(row.codes.items()))}")
    print(f"{time.monotonic() - began_s:.0f} s")
    sys.exit(any(row.violations for row in rows.values()))


if __name__ == "__main__":
    main()
