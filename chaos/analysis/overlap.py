"""Whether two pods ever served under one identity at once."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.analysis.reading import Reading, Sample
from chaos.analysis.trials import Trial, trials
from chaos.analysis.vantages import unsure
from chaos.model import Interval, Outcome, Series
from chaos.model.outcome import OK, TIMEOUT

CUT = "cut-node"  # the fault after which a pod may serve on where nobody sees it


@dataclass(frozen=True, slots=True)
class Overlap:
    """How long the old and the new pod of one name served at once.

    Attributes:
        at_least_ns: the new pod had answered, and this much later the old one was asked and still answered. 0 where no
            sample shows it.
        at_most_ns: no longer than this; 0 where it is proved that there was none; None where no bound is known.
        proof: what `at_most_ns` rests on.
        unknown: why nothing can be said; empty where something can.
        impostors: other pods that answered under this pod's name, with how often.
    """

    trial: Trial
    at_least_ns: int
    at_most_ns: int | None
    proof: str
    unknown: str
    impostors: tuple[tuple[str, int], ...]


def overlaps(reading: Reading) -> list[Overlap]:
    """The overlap of each replaced pod, by trial and pod."""
    return [_overlap(reading, trial) for trial in trials(reading)]


def _overlap(reading: Reading, trial: Trial) -> Overlap:
    impostors = _impostors(reading, trial)
    others_ns = _again_ns(reading, trial)
    old = [(s, right) for s, right in _at_address(reading, trial, trial.target.address) if s.received_ns < others_ns]
    new = _at_address(reading, trial, trial.life.new_address)
    unknown = ""
    if trial.target.address == trial.life.new_address:
        unknown = "the new pod has the old one's address, so the address does not tell them apart"
    elif not old:
        asked = any(_asks_at(series, (trial.target.address,)) for series in reading.series)
        silent = "gave no answer, which tells nothing here" if asked else "was not probed"
        unknown = f"the old address {trial.target.address} {silent}"
    elif not new:
        unknown = "no sample reached the new address"
    elif trial.life.hidden:
        unknown = f"the watch was disturbed, so another {trial.target.name} may have come and gone unseen"
    elif not _ever_named(reading, trial):
        unknown = f"no answer at either address said who it was, so nothing tells whether it was {trial.target.name}"
    if unknown and not (trial.life.hidden and _certain_ns(trial, old, new)):
        at_most_ns, proof = _never(trial)
        return Overlap(trial, 0, at_most_ns, proof, "" if proof else unknown, impostors)

    at_least_ns = _certain_ns(trial, old, new)
    at_most_ns, proof = (None, "") if at_least_ns else _never(trial)
    if not proof:
        at_most_ns, proof = _by_samples(trial, old, new)
    return Overlap(trial, at_least_ns, at_most_ns, proof, "", impostors)


def _again_ns(reading: Reading, trial: Trial) -> int:
    """From when on the old address may be that of a later pod of this name, after the successor: then it tells nothing.

    That is when the successor was first seen to end, or the later one was first seen.
    """
    if trial.life.new_pod is None:
        return trial.until_ns + 1
    mine = [e for e in reading.events if e.kind == "Pod" and e.name == trial.target.name and e.uid != trial.target.uid]
    later = [e for e in mine if e.uid != trial.life.new_uid and e.at_ns > (trial.life.created_ns or 0)]
    if not any((e.object.get("status") or {}).get("podIP") == trial.target.address for e in later):
        return trial.until_ns + 1
    ending = [e for e in mine if e.type == "DELETED" or "deletionTimestamp" in e.object["metadata"]]
    return min(e.at_ns for e in (*later, *(e for e in ending if e.uid == trial.life.new_uid)))


def _certain_ns(trial: Trial, old: list[tuple[Sample, bool]], new: list[tuple[Sample, bool]]) -> int:
    """How much later than the new pod's first answer the old one was asked and still answered."""
    new_served_ns = min((s.received_ns for s, right in new if right), default=None)
    old_served_ns = max((s.sent_ns for s, right in old if right), default=trial.sent_ns)
    return max(0, old_served_ns - new_served_ns) if new_served_ns is not None else 0


def _never(trial: Trial) -> tuple[int | None, str]:
    """The order of events alone may exclude an overlap: names are unique, so a successor comes after the old object."""
    if trial.life.old_ended_first:
        return 0, "the watch showed the old pod's containers ended before its object was gone and the new one created"
    return None, ""


def _by_samples(trial: Trial, old: list[tuple[Sample, bool]], new: list[tuple[Sample, bool]]) -> tuple[int | None, str]:
    """The old pod stopped before its first lasting failure; the new one started after its last failure.

    Of the new one only failures that say something: a lost packet does not show that it had not started. Nor does a pod
    start before it is on a node; its address is often asked for the first time when it serves already.
    """
    if not any(right for _, right in new):
        return None, ""
    last_right_ns = max((s.sent_ns for s, right in old if right), default=trial.sent_ns)
    stopped = [s.received_ns for s, right in old if not right and s.sent_ns > last_right_ns]
    if not stopped:
        return None, ""
    first_right_ns = min((s.received_ns for s, right in new if right), default=None)
    refused = [s for s, right in new if not right and s.outcome.says_something]
    failed = [s.sent_ns for s in refused if first_right_ns is None or s.sent_ns < first_right_ns]
    failed_ns = max(failed, default=trial.sent_ns)
    placed_ns = max(trial.life.after_ns("created_ns"), trial.life.after_ns("scheduled_ns"))
    later = "when the new pod was put on its node" if placed_ns > failed_ns else "the new address's last one"
    return max(0, min(stopped) - max(failed_ns, placed_ns)), f"the old address's first failure and {later}"


def _at_address(reading: Reading, trial: Trial, address: str) -> list[tuple[Sample, bool]]:
    """Every sample that reached an address, with whether this pod answered; not those in which nobody said who."""
    if not address:
        return []
    found = []
    spans = unsure(reading)
    for series in reading.series:
        by_name = series.probe == "http" and series.pod == trial.target.name
        if not by_name and not _asks_at(series, (address,)):
            continue
        for sample in reading.samples(series, trial.sent_ns, trial.until_ns):
            outcome = sample.outcome
            if any(span.vantage == series.vantage and span.holds(sample.sent_ns, sample.received_ns) for span in spans):
                continue  # which of two came first is not known then
            if outcome.status == TIMEOUT and not _tells(reading, trial, series, sample):
                continue
            if not _nameless(outcome) and (not by_name or outcome.address == address):
                found.append((sample, _is_pod(outcome, trial)))
    return found


def _asks_at(series: Series, addresses: tuple[str, ...]) -> bool:
    """Whether it asks who is at one of these addresses, not at whatever a name leads to."""
    return series.probe in ("address", "http") and series.name in addresses


def _tells(reading: Reading, trial: Trial, asked: Series, silence: Sample) -> bool:
    """Whether silence at an address tells that nobody is there: that is how an address falls silent whose pod is gone.

    Not where its node was cut off, behind which the pod serves on, nor where nothing else was heard from there either.
    """
    if _behind_a_cut(reading, trial, silence):
        return False
    others = (s for s in reading.series if s.vantage == asked.vantage and s.id != asked.id)
    heard = (s for other in others for s in reading.samples(other, silence.sent_ns, silence.received_ns))
    return any(s.outcome.says_something for s in heard)


def _behind_a_cut(reading: Reading, trial: Trial, silence: Sample) -> bool:
    """Whether the pod's node was cut off by then: it may serve on where nobody reaches it."""
    cuts = (f for f in reading.faults if f.fault == CUT and f.sent_ns <= silence.received_ns)
    return any(cut.parameters.get("node") == trial.target.node for cut in cuts)


def _ever_named(reading: Reading, trial: Trial) -> bool:
    """Whether this pod, old or new, ever answered by its name, from the time before the fault on."""
    addresses = (trial.target.address, trial.life.new_address)
    return any(
        _is_pod(sample.outcome, trial)
        for series in reading.series
        if _asks_at(series, addresses)
        for sample in reading.samples(series, trial.baseline_ns, trial.until_ns)
    )


def _nameless(outcome: Outcome) -> bool:
    """An answer that does not say who gave it: neither right nor a failure."""
    return outcome.status == OK and not outcome.values


def _is_pod(outcome: Outcome, trial: Trial) -> bool:
    return outcome.status == OK and outcome.values == (trial.target.name,)


def _impostors(reading: Reading, trial: Trial) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for series in _by_name(reading, trial):
        for sample in reading.samples(series, trial.sent_ns, trial.end_ns):
            outcome = sample.outcome
            if outcome.status == OK and outcome.values and not _is_pod(outcome, trial):
                who = outcome.values[0]
                counts[who] = counts.get(who, 0) + 1
    return tuple(sorted(counts.items()))


def _by_name(reading: Reading, trial: Trial) -> list[Series]:
    return [s for s in reading.series if s.probe in ("http", "clusterip") and s.pod == trial.target.name]


def old_served(reading: Reading, trial: Trial) -> Interval | None:
    """When the old address stopped answering as this pod: (last right answer asked, first failure after it received].

    None where the old address was not probed or never answered, or where the new pod has it too and nobody can tell
    which of the two answers; right-censored where it never stopped.
    """
    if trial.life.new_address == trial.target.address:
        return None
    samples = [
        s
        for series in reading.series
        if _asks_at(series, (trial.target.address,))
        for s in reading.samples(series, trial.baseline_ns, trial.until_ns)
        if not _nameless(s.outcome)
    ]
    last_ns = max((s.sent_ns for s in samples if _is_pod(s.outcome, trial)), default=None)
    if last_ns is None:
        return None
    failed = (
        s.received_ns
        for s in samples
        if s.sent_ns > last_ns and (s.outcome.status != TIMEOUT or not _behind_a_cut(reading, trial, s))
    )
    return Interval(last_ns, min(failed, default=None))
