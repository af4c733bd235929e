"""A second person at work in a run's cluster: is anything of his overwritten or deleted, and is what is left told?

``python -m benchmarks.second_person --share 0.1`` runs experiments on the sandbox, in virtual time. At one of its
writes, before that is sent or after it was answered, somebody else does one thing, as kubectl does it: he scales,
edits, relabels, deletes, replaces or drains what the run is at, or puts something of his own into its namespace. Then
the run goes on to its end, or is killed at its next write but two and finished by `chaos recover` here, by
`chaos recover --from-cluster` on another machine, or by `chaos cleanup`. A violation is: a value of his that is
another, an object of his that is gone, one that he deleted and the tool made again, anything else that is other than
before and not told by name with exit code 5, or a defect. Exits with 1 on any. Same seed, same cases, same table.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.second_person_acts import ACTS
from benchmarks.second_person_story import ENDS, MODES, Case, Ended, told_story, writes_of

EXPERIMENTS = (
    "identity-persistence",
    "node-drain",
    "dns-outage",
    "dns-degraded",
    "broken-servicename",
    "cross-namespace",
    "scale-cycle",
    "rolling-update",
    "node-loss",
    "service-types",
)
MOMENTS = ("before", "after")


def cases(names: list[str], share: float, seed: int) -> list[Case]:
    """A share of all cases, evenly over the writes, in a random order, so that the first of them are a sample too."""
    rng = random.Random(f"second/{seed}")
    chosen = [case for case in every_case(names) if rng.random() < share]
    rng.shuffle(chosen)
    return chosen


def every_case(names: list[str]) -> Iterator[Case]:
    """All of them."""
    for name in names:
        for mode in MODES:
            writes = writes_of(name, mode)
            for act in ACTS:
                for at in range(1, writes + 1):
                    for moment in MOMENTS:
                        for end in ENDS:
                            yield Case(name, mode, act, at, moment, end)


@dataclass(slots=True)
class Row:
    """What became of the cases of one act and one end."""

    cases: int = 0
    acted: int = 0
    told: int = 0
    violations: list[str] = field(default_factory=list)

    def add(self, case: Case, ended: Ended) -> None:
        """Count one."""
        self.cases += 1
        self.acted += ended.acted
        self.told += bool(ended.told)
        self.violations += [f"{case}: {problem}" for problem in ended.problems[:1]]


def main() -> None:
    """Print a row for each act, and what was violated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=EXPERIMENTS)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--acts", nargs="*", default=None)
    parser.add_argument("--ends", nargs="*", default=None)
    parser.add_argument("--minutes", type=float, default=0.0, help="stop then, and print what was found")
    parser.add_argument("-v", action="store_true")
    given = parser.parse_args()
    rows: dict[tuple[str, str], Row] = {}
    seen: Counter[str] = Counter()
    began_s, started_s = time.process_time(), time.monotonic()
    for case in cases(list(given.only), given.share, given.seed):
        if given.minutes and time.monotonic() - started_s > 60 * given.minutes:
            print("time is up", flush=True)
            break
        if (given.acts and case.act not in given.acts) or (given.ends and case.end not in given.ends):
            continue
        ended = told_story(case)
        rows.setdefault((case.act, case.end), Row()).add(case, ended)
        seen[case.experiment] += 1
        if ended.problems:
            more = f" (and {len(ended.problems) - 1} more)" if len(ended.problems) > 1 else ""
            print(f"  {case}: {ended.problems[0]}{more}", flush=True)
        if given.v:
            print(f"{case}: {'acted' if ended.acted else 'nothing to act on'} TOLD {ended.told}", flush=True)
    print("what he does               | then                | cases | he could | something left and told | violations")
    for (act, end), row in sorted(rows.items()):
        print(f"{act:26} | {end:19} | {row.cases:5} | {row.acted:8} | {row.told:23} | {len(row.violations)}")
    total = sum(row.cases for row in rows.values())
    bad = sum(len(row.violations) for row in rows.values())
    print(f"{total} cases ({', '.join(f'{n} {name}' for name, n in sorted(seen.items()))}): {bad} violations")
    print(f"{time.process_time() - began_s:.0f} s of CPU")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
