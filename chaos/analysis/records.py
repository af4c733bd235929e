"""Which DNS records concern a pod, and what an answer says about it in a trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from chaos.analysis.reading import Reading
from chaos.analysis.trials import Trial
from chaos.model import Outcome, Series
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT

SERVICE_VIEW = "service"  # the cluster DNS address: several replicas behind one


class State(Enum):
    """What an answer shows, relative to one trial's pod.

    `PRESENT` is resolved by order: an answer that looks the same before and after (the address did not change, or an
    SRV answer named the pod without giving its address) is the old state before the absence and the new one after it.
    """

    UNKNOWN = "unknown"
    OLD = "old"
    ABSENT = "absent"
    NEW = "new"
    PRESENT = "present"


class RecordKind(Enum):
    POD_A = "A of the pod"
    SERVICE_A = "A of the service"
    POD_AAAA = "AAAA of the pod"
    SERVICE_AAAA = "AAAA of the service"
    SRV = "SRV of the service"
    PTR = "PTR of the pod's address"


IPV6 = frozenset({RecordKind.POD_AAAA, RecordKind.SERVICE_AAAA})


@dataclass(frozen=True, slots=True)
class Record:
    """One record of one pod as asked at one view from one vantage.

    Attributes:
        label: as reports call it, such as ``A web-1.web``.
        before: the series that show whether it was lost.
        after: the series that show whether it came back. The same, except for the reverse record, whose old and new
            addresses are two names.
    """

    kind: RecordKind
    label: str
    view: str
    vantage: str
    before: tuple[Series, ...]
    after: tuple[Series, ...]


def records_of(reading: Reading, trial: Trial) -> list[Record]:
    """Every DNS record that concerns the trial's pod, by label and view."""
    service = str(reading.meta.target.get("service", ""))
    found = list(_forward(reading, trial, service)) + list(_reverse(reading, trial, service))
    return sorted(found, key=lambda r: (r.label, r.view, r.vantage))


def _forward(reading: Reading, trial: Trial, service: str) -> Iterator[Record]:
    asked: dict[tuple[RecordKind, str, str, str], list[Series]] = {}
    for series in reading.series:
        kind = _forward_kind(series, trial, service) if series.probe == "dns" else None
        if kind is not None:
            asked.setdefault((kind, series.record, series.view, series.vantage), []).append(series)
    for (kind, label, view, vantage), found in asked.items():
        yield Record(kind, label, view, vantage, tuple(found), tuple(found))


def _forward_kind(series: Series, trial: Trial, service: str) -> RecordKind | None:
    rtype, _, subject = series.record.partition(" ")
    if series.pod == trial.target.name and subject.startswith(f"{trial.target.name}."):
        return {"A": RecordKind.POD_A, "AAAA": RecordKind.POD_AAAA}.get(rtype)
    if not series.pod and service in ("", subject):
        return {"A": RecordKind.SERVICE_A, "AAAA": RecordKind.SERVICE_AAAA, "SRV": RecordKind.SRV}.get(rtype)
    return None


def _reverse(reading: Reading, trial: Trial, service: str) -> Iterator[Record]:
    asked: dict[tuple[str, str], dict[str, list[Series]]] = {}
    for series in reading.series:
        rtype, _, address = series.record.partition(" ")
        if series.probe == "dns" and rtype == "PTR" and series.pod == trial.target.name:
            asked.setdefault((series.view, series.vantage), {}).setdefault(address, []).append(series)
    label = f"PTR {trial.target.name}.{service}".rstrip(".")
    for (view, vantage), by_address in asked.items():
        before = tuple(by_address.get(trial.target.address, ()))
        after = tuple(by_address.get(trial.life.new_address, ()))
        if before or after:
            yield Record(RecordKind.PTR, label, view, vantage, before, after)


def domain(reading: Reading) -> str:
    """The governing service with its namespace: other namespaces may have pods and services of the same names."""
    service, namespace = (str(reading.meta.target.get(key, "")) for key in ("service", "namespace"))
    return f"{service}.{namespace}" if service and namespace else service


def by_family(trial: Trial, kind: RecordKind) -> Trial:
    """The trial with the addresses that records of a kind give."""
    if kind not in IPV6:
        return trial
    life = replace(trial.life, new_address=trial.life.new_ipv6)
    return replace(trial, target=replace(trial.target, address=trial.target.ipv6), life=life)


def state_table(outcomes: Sequence[Outcome], record: Record, trial: Trial, service: str) -> list[State]:
    """The state that each of the reading's outcomes shows for a record, by the outcome's position."""
    asked = by_family(trial, record.kind)
    return [state_of(outcome, record.kind, asked, service) for outcome in outcomes]


def state_of(outcome: Outcome, kind: RecordKind, trial: Trial, service: str) -> State:
    """What one answer shows, where the trial has addresses of its family (see `by_family`).

    Timeouts, SERVFAIL, errno and unreadable answers show nothing.
    """
    if outcome.status in DNS_ABSENT:
        return State.ABSENT
    if outcome.status not in DNS_PRESENT:
        return State.UNKNOWN
    if kind is RecordKind.PTR:
        named = any(names_pod(value, trial.target.name, service) for value in outcome.values)
        return State.PRESENT if named else State.ABSENT
    if kind is RecordKind.SRV:
        return _srv_state(outcome, trial, service)
    complete = kind in (RecordKind.SERVICE_A, RecordKind.SERVICE_AAAA)
    return _address_state(frozenset(outcome.values), trial, complete=complete)


def names_pod(value: str, pod: str, service: str) -> bool:
    """Whether an SRV or PTR target is the pod's own DNS name."""
    prefix = f"{pod}.{service}." if service else f"{pod}."
    return value.startswith(prefix) or value == prefix.rstrip(".")


def _srv_state(outcome: Outcome, trial: Trial, service: str) -> State:
    if not any(names_pod(value, trial.target.name, service) for value in outcome.values):
        return State.ABSENT
    pairs = (pair.partition("=") for pair in outcome.additional)
    given = [address for name, _, address in pairs if names_pod(name, trial.target.name, service)]
    # Those of the other family come beside them, of a dual-stack service.
    addresses = frozenset(address for address in given if (":" in address) == (":" in trial.target.address))
    # A truncated answer may name the pod without its address.
    return _address_state(addresses, trial, complete=False) if addresses else State.PRESENT


def _address_state(addresses: frozenset[str], trial: Trial, *, complete: bool) -> State:
    old, new = trial.target.address, trial.life.new_address
    if old in addresses:
        if complete and trial.life.moved and new in addresses and old != new:
            # The old one is another pod's by now, or is still there for this one; the new one may have been another's.
            return State.UNKNOWN
        # Both at once is not yet recovered: a client may still be sent to the old address.
        return State.PRESENT if old == new else State.OLD
    if new and new in addresses and (complete or addresses == {new}):
        return State.NEW
    # Of the pod's own name an address beside the new one is a wrong one: a client may be sent there. One that no event
    # explains is perhaps the new pod's, perhaps not: where no new pod is known, or where one may have come and gone
    # unseen.
    unexplained = addresses - trial.life.others - {new}
    if unexplained and (trial.life.hidden or not new):
        return State.UNKNOWN
    return State.ABSENT if complete or new or not addresses else State.UNKNOWN
