"""Which parts of its identity a pod had again after its replacement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chaos.analysis.gaps import gap_at
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.trials import Trial, trials
from chaos.analysis.vantages import losses
from chaos.analysis.volume_claims import CLAIM, claims_at

_ORDINAL_LABEL = "apps.kubernetes.io/pod-index"


@dataclass(frozen=True, slots=True)
class Facet:
    """One part of the identity.

    Attributes:
        name: such as ``name`` or ``new UID``.
        kept: None where it was not measured or does not apply.
        note: what was seen, for people.
        applies: False where the pod has no such thing, such as volume claims.
    """

    name: str
    kept: bool | None
    note: str = ""
    applies: bool = True


@dataclass(frozen=True, slots=True)
class Identity:
    """The facets of one pod in one trial.

    Attributes:
        trial: of the pod.
        facets: each part of its identity.
    """

    trial: Trial
    facets: tuple[Facet, ...]

    def facet(self, name: str) -> Facet:
        return next(f for f in self.facets if f.name == name)

    @property
    def broken(self) -> tuple[Facet, ...]:
        return tuple(f for f in self.facets if f.kept is False)

    @property
    def unmeasured(self) -> tuple[Facet, ...]:
        """Facets that should have been measured and were not."""
        return tuple(f for f in self.facets if f.kept is None and f.applies)


def identities(reading: Reading) -> list[Identity]:
    """The identity of each replaced pod at the end of its trial."""
    measured = recoveries(reading)
    lost = losses(reading)
    without = (RecordKind.SRV,) if reading.meta.target.get("without_ports") else ()
    found = []
    for trial in trials(reading):
        mine = [r for r in measured if r.trial.key == trial.key]
        lasting = [r for r in mine if r.vantage not in lost or lost[r.vantage].at_ns >= trial.end_ns]
        limit_ns = None if reading.within_ns is None else trial.limit_ns + reading.within_ns
        found.append(
            Identity(trial, tuple(_object_facets(reading, trial)) + tuple(_dns_facets(lasting, limit_ns, without)))
        )
    return found


def _object_facets(reading: Reading, trial: Trial) -> Iterable[Facet]:
    target, new = trial.target, trial.life.new_pod
    if new is None:
        names = ("name", "new UID", "ordinal", "hostname", "subdomain", "volume claims")
        yield from (Facet(name, None, "no new pod was seen") for name in names)
        return
    metadata, spec = new.get("metadata", {}), new.get("spec", {})
    yield Facet("name", metadata.get("name") == target.name, target.name)
    yield Facet("new UID", trial.life.new_uid != target.uid, trial.life.new_uid)
    yield _same("ordinal", target.ordinal, (metadata.get("labels") or {}).get(_ORDINAL_LABEL, ""))
    yield _same("hostname", target.hostname, spec.get("hostname", ""))
    before = reading.meta.target.get("service", "")
    if trial.life.old_pod is not None:
        before = trial.life.old_pod.get("spec", {}).get("subdomain", "")
    yield _same("subdomain", before, spec.get("subdomain", ""))
    yield _claims_facet(reading, trial, sorted(target.claims), sorted(_claims(spec)))


def _claims_facet(reading: Reading, trial: Trial, old: list[str], new: list[str]) -> Facet:
    """Whether they are the same claims, not only claims of the same names: by their UIDs, and the volumes' names.

    A claim that was deleted and made again is empty. Volumes have no namespace, so a run may not read them; which
    volume a claim is bound to is part of the claim, and never changes in the life of one.
    """
    name = "volume claims"
    if not old or old != new:
        return _same(name, ", ".join(old), ", ".join(new))
    before = claims_at(reading, old, _began_ns(reading, trial), trial.sent_ns)
    after = claims_at(reading, old, trial.end_ns, trial.end_ns)
    unseen = [claim for claim in old if not (before[claim].bound and after[claim].bound)]
    if unseen:
        return Facet(name, None, f"which claim and volume {', '.join(unseen)} was, before and after, was not seen")
    if gap_at(trial.life.gaps, CLAIM, trial.end_ns):
        return Facet(name, None, "the watch of claims was disturbed when the trial ended")
    others = [f"{claim} {before[claim].became(after[claim])}" for claim in old if before[claim] != after[claim]]
    return Facet(name, not others, "; ".join(others) or ", ".join(old))


def _began_ns(reading: Reading, trial: Trial) -> int:
    """When the old pod was first seen with a node: its claims are those of then."""
    mine = (e for e in reading.events if e.kind == "Pod" and e.uid == trial.target.uid)
    return next((e.at_ns for e in mine if (e.object.get("spec") or {}).get("nodeName")), trial.sent_ns)


def _claims(spec: dict[str, Any]) -> list[str]:
    claims = (v.get("persistentVolumeClaim") for v in spec.get("volumes") or [])
    return [c["claimName"] for c in claims if c]


def _same(name: str, old: str, new: str) -> Facet:
    if not old and not new:
        return Facet(name, None, "has none", applies=False)
    return Facet(name, old == new, new if old == new else f"{old or 'none'} became {new or 'none'}")


def _dns_facets(mine: list[Recovery], limit_ns: int | None, without: tuple[RecordKind, ...]) -> Iterable[Facet]:
    kinds = {
        "A record": RecordKind.POD_A,
        "AAAA record": RecordKind.POD_AAAA,
        "SRV entry": RecordKind.SRV,
        "reverse record": RecordKind.PTR,
    }
    for name, kind in kinds.items():
        if kind in (RecordKind.POD_AAAA, *without) and not any(r.kind is kind for r in mine):
            continue  # its service has no such family, or no ports
        yield _dns_facet(name, [r for r in mine if r.kind is kind], limit_ns)


def _dns_facet(name: str, views: list[Recovery], limit_ns: int | None) -> Facet:
    """What was not right when it was asked for the last time before the limit may have become so in time."""
    not_yet = sorted({r.view for r in views if r.right_at_end is False})
    if not_yet and limit_ns is None:
        return Facet(name, None, f"not right yet at {', '.join(not_yet)}, and the run names no limit (within_s)")
    wrong = sorted({r.view for r in views if r.right_at_end is False and (r.last_look_ns or 0) >= (limit_ns or 0)})
    if not_yet and not wrong:
        return Facet(
            name, None, f"not right yet at {', '.join(not_yet)} when it was asked for the last time, before the limit"
        )
    if wrong:
        return Facet(name, kept=False, note=f"not right at the end at {', '.join(wrong)}")
    if not views or any(r.right_at_end is None for r in views):
        return Facet(name, None, "not measured")
    where = f"{len(views)} of {len(views)} view{'s' if len(views) > 1 else ''}"
    return Facet(name, kept=True, note=f"right in {where} at the end")
