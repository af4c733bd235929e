"""What one run says about the cluster that it ran on, without its figures: what must be the same on both clusters."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from chaos.analysis.podlog import pod_steps
from chaos.analysis.reading import Reading
from chaos.analysis.stages import timelines
from chaos.analysis.transitions import tells, transitions
from chaos.model import History, Verdict
from chaos.model.outcome import OK

# A pod template's hash and the five random letters of a pod, in the alphabet that Kubernetes draws names from.
_RANDOM_NAME = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
_ADDRESS = re.compile(r"\b\d+[.-]\d+[.-]\d+[.-]\d+\b")
_NAMESPACE = re.compile(r"chaos-identity-[0-9a-f]{6}")
# Two events nearer than this race: watches, probes and two noisy cores decide which is seen first.
_RACE_NS = 400_000_000
# A way to fail that fewer samples saw hangs on the instant at which they were sent.
_CERTAIN_SAMPLES = 4
_SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a run found.

    Attributes:
        verdicts: checker → outcome.
        facts: kinds of facts that the method wrote down.
        records: (record, ``replica`` or ``service``) → statuses that say whether it exists.
        errors: (probe, status, phase) → samples.
        order: (one event, a later one), both of a fault's time line or of the pods' log, clearly apart.
    """

    verdicts: dict[str, str]
    facts: frozenset[str]
    records: dict[tuple[str, str], frozenset[str]]
    errors: dict[tuple[str, str, str], int]
    order: frozenset[tuple[str, str]]


def signature(history: History, verdicts: list[Verdict]) -> Signature:
    """The signature of a judged run."""
    return Signature(
        verdicts={v.checker: str(v.outcome) for v in verdicts},
        facts=frozenset(what for _, what, _ in history.marks),
        records=_records(history),
        errors=_errors(history),
        order=frozenset(_order(history)),
    )


def plain(text: str) -> str:
    """A name without what is drawn anew for each run."""
    return _NAMESPACE.sub("NAMESPACE", _ADDRESS.sub("ADDRESS", _RANDOM_NAME.sub("-*", text)))


def _records(history: History) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    # What is asked for the moment that its pod is Ready may be asked a moment too early: chance, on either cluster.
    settled = (at_ns for at_ns, what, details in history.marks if what == "steady-state" and details.get("reached"))
    since_ns = next(settled, 0)
    for series in history.series:
        if series.probe != "dns":
            continue
        where = _SERVICE if series.view == _SERVICE else "replica"
        for change in transitions(Reading(history), series, since_ns):
            found[plain(series.record), where].add(change.after.status)
    return {key: frozenset(statuses) for key, statuses in found.items()}


def _errors(history: History) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for series in history.series:
        for position in history.samples[series.id].outcome:
            outcome = history.outcomes[position]
            good = tells(series, outcome) if series.probe in ("dns", "cached") else outcome.status in (OK, "NOERROR")
            if not good:
                found[series.probe, outcome.status, outcome.phase] += 1
    return dict(found)


def _order(history: History) -> set[tuple[str, str]]:
    """Pairs of events whose order is certain, within each fault and among the first events of each pod."""
    found = set()
    for line in timelines(Reading(history)):
        label = f"trial {line.trial.number} {line.trial.target.name}"
        times = {f"{label}: {b.key}": at for b in line.boundaries if (at := line.at(b.key)) is not None}
        found |= _pairs(times)
    counted: dict[str, int] = defaultdict(int)
    steps = {}
    for step in pod_steps(Reading(history)):
        if _RANDOM_NAME.search(step.pod):
            continue
        what = f"{step.pod} {step.what}"
        counted[what] += 1
        steps[f"{what} #{counted[what]}"] = step.at_ns
    return found | _pairs(steps)


def _pairs(times: dict[str, int]) -> set[tuple[str, str]]:
    found = set()
    for (one, at), (other, later) in combinations(sorted(times.items(), key=lambda item: item[1]), 2):
        if later - at > _RACE_NS:
            found.add((one, other))
    return found


def differences(sandbox: Signature, real: Signature) -> list[str]:
    """What the two clusters disagree about, a line each; empty where they agree."""
    lines = [
        f"verdict {checker}: {sandbox.verdicts.get(checker, 'missing')} on the sandbox, "
        f"{real.verdicts.get(checker, 'missing')} on the real cluster"
        for checker in sorted(sandbox.verdicts.keys() | real.verdicts.keys())
        if sandbox.verdicts.get(checker) != real.verdicts.get(checker)
    ]
    lines += [f"fact {kind}: on one of them only" for kind in sorted(sandbox.facts ^ real.facts)]
    for record, where in sorted(sandbox.records.keys() | real.records.keys()):
        one, other = (s.records.get((record, where), frozenset()) for s in (sandbox, real))
        if one != other:
            said = " / ".join(", ".join(sorted(statuses)) or "not asked" for statuses in (one, other))
            lines.append(f"record {record} ({where}): {said}")
    for kind in sorted(sandbox.errors.keys() | real.errors.keys()):
        counts = sandbox.errors.get(kind, 0), real.errors.get(kind, 0)
        if 0 in counts and max(counts) >= _CERTAIN_SAMPLES:
            lines.append(f"error {' '.join(kind)}: {counts[0]} on the sandbox, {counts[1]} on the real cluster")
    lines += [
        f"order: {one} before {other} on the sandbox, after it on the real cluster"
        for one, other in sorted(sandbox.order)
        if (other, one) in real.order
    ]
    return lines
