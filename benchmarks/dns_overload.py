"""Cluster DNS that is overloaded, with and without backing off, and outages, which must not count as an overload.

``python -m benchmarks.dns_overload --capacity 150 180 --trials 3`` runs identity-persistence in virtual time against
servers that answer so many queries a second each, and tells how many questions stay unanswered. ``--quiet 5`` runs
experiments whose faults take pods, nodes and DNS servers, with random delays, and counts changes of the pace: none.
Same seeds, same table.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.engine.backing_off import BackOff
from chaos.engine.execution import Execution
from chaos.experiment import Options, find_experiment
from chaos.model import History
from chaos.model.pace import PACE
from tests.sandboxed import claims, random_delays, run_sandboxed

_QUIET = ("identity-persistence", "simultaneous-failure", "node-loss", "node-drain", "dns-outage", "dns-degraded")


class _Stubborn(Execution):
    """Goes on asking as often as planned."""

    def _back_off(self, begun: object) -> BackOff:
        made = super()._back_off(begun)  # type: ignore[arg-type]
        made.allowed = False
        return made


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--capacity", type=float, nargs="*", default=[100, 150, 180])
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--quiet", type=int, default=0, help="seeds of each experiment with an outage")
    given = parser.parse_args()
    for per_s in given.capacity:
        for kind in (_Stubborn, Execution):
            _overloaded(per_s, given.trials, kind)
    for name in _QUIET if given.quiet else ():
        found = [_changes(name, seed) for seed in range(given.quiet)]
        print(f"{name:22} {len(found)} runs, {sum(found)} changes of the pace", flush=True)


def _overloaded(per_s: float, trials: int, kind: type[Execution]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        overrides = {"dns_capacity": (per_s, per_s)}
        ran = run_sandboxed(Path(folder), Options(trials=trials), overrides=overrides, kind=kind)
    history = ran.history
    statuses = Counter(
        history.outcomes[found].status
        for series in history.series
        if series.probe == "dns"
        for found in history.samples[series.id].outcome
    )
    verdicts = judge(Reading(history), find_experiment("identity-persistence").checkers)
    said = Counter(verdict.outcome.value for verdict in verdicts)
    wrong = sum(not claim.holds for claim in claims(ran))
    changes = [(round(at_ns / 1e9, 1), details["factor"]) for at_ns, what, details in history.marks if what == PACE]
    print(
        f"{per_s:g}/s {'backing off' if kind is Execution else 'stubborn':12} {statuses.total():6} questions, "
        f"{statuses['TIMEOUT'] / statuses.total():6.1%} unanswered, {len(history.faults)} trials, {dict(said)}, "
        f"{wrong} untrue intervals, paces {changes}",
        flush=True,
    )


def _changes(name: str, seed: int) -> int:
    options = Options() if name.startswith("dns-") else Options(trials=2)
    with tempfile.TemporaryDirectory() as folder:
        ran = run_sandboxed(
            Path(folder), options, seed=seed, overrides=random_delays(seed), experiment=find_experiment(name)
        )
    return _paces(ran.history)


def _paces(history: History) -> int:
    return sum(what == PACE for _, what, _ in history.marks)


if __name__ == "__main__":
    main()
