"""Whether cluster DNS is slower, or answers less, than it did: what was heard of it in a few seconds, judged.

An outage is not an overload. A server that is gone is silent altogether, at its own view; a name that is gone is
answered with NXDOMAIN, as fast as ever; and what is asked about the target of a fault may show that fault. What is
overloaded goes on answering some, or late, or too late, at every view at once, whatever the name. Where it could be
either it counts as neither.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chaos.analysis.records import SERVICE_VIEW

_MS = 1_000_000
# Of a view: fewer questions tell nothing, and a few are lost anywhere.
FEWEST = 40
_LOST_AT_LEAST = 5
_LOST_SHARE = 0.05
_LOST_FACTOR = 2
_USUAL_LOSS_AT_MOST = 0.05  # more is no usual state, however long it has been so
# A server that answers a smaller share than this is gone rather than busy. If late answers still come, it is busy: its
# queue is longer than the timeout.
_SILENT_SHARE = 0.05
_TOO_LATE_SHARE = 0.1
_SLOW_FACTOR = 3
# A busy machine on this side is late by less.
_SLOWER_BY_NS = {0.5: 10 * _MS, 0.9: 50 * _MS}


ViewKey = tuple[str, str]  # vantage, view


class Health(StrEnum):
    WELL = "well"
    OVERLOADED = "overloaded"
    UNSURE = "unsure"


@dataclass(slots=True)
class Heard:
    """What one vantage heard of one view.

    Attributes:
        took_ns: of each question that was answered.
        lost: questions that were given up.
        too_late: answers that came to such.
    """

    took_ns: array[int] = field(default_factory=lambda: array("q"))
    lost: int = 0
    too_late: int = 0

    @property
    def asked(self) -> int:
        return len(self.took_ns) + self.lost

    @property
    def lost_share(self) -> float:
        return self.lost / max(1, self.asked)

    def quantile_ns(self, share: float) -> int:
        """The smallest time that so large a share of the answers took at most; 0 without any."""
        ordered = sorted(self.took_ns)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


@dataclass(frozen=True, slots=True)
class Usual:
    """What a view was like in the steady state before the first fault."""

    lost_share: float
    took_ns: Mapping[float, int]

    @classmethod
    def of(cls, heard: Heard) -> Usual:
        """As it was heard then."""
        return cls(heard.lost_share, {share: heard.quantile_ns(share) for share in _SLOWER_BY_NS})

    def or_faster(self, heard: Heard | None) -> Usual:
        """The same with the faster of both times in each quantile."""
        if heard is None:
            return self
        faster = {share: min(took_ns, heard.quantile_ns(share)) for share, took_ns in self.took_ns.items()}
        return replace(self, took_ns=faster)


def _loses(heard: Heard, usual: Usual | None) -> bool:
    before = min(usual.lost_share, _USUAL_LOSS_AT_MOST) if usual is not None else 0.0
    return heard.lost >= _LOST_AT_LEAST and heard.lost_share > _LOST_SHARE + _LOST_FACTOR * before


def _is_slow(heard: Heard, usual: Usual | None) -> bool:
    """Whether answers took much longer than usual; False where that is not known."""
    return usual is not None and any(
        heard.quantile_ns(share) > max(_SLOW_FACTOR * before_ns, before_ns + _SLOWER_BY_NS[share])
        for share, before_ns in usual.took_ns.items()
    )


def _is_gone(heard: Heard) -> bool:
    answered = 1 - heard.lost_share
    return answered < _SILENT_SHARE and heard.too_late < _TOO_LATE_SHARE * heard.asked


def judge(
    heard: Mapping[ViewKey, Heard],
    usual: Mapping[ViewKey, Usual],
    *,
    under_fault: bool = False,
    before: Health = Health.UNSURE,
) -> Health:
    """What all views of all vantages together show.

    Args:
        heard: by vantage and view, each of at least `FEWEST` questions; under a fault none about its targets.
        usual: the same in the steady state; empty before it.
        under_fault: a fault is under way, and may have taken servers along.
        before: what was so just before: who got slower until nothing came in time is not gone.
    """
    if not heard:
        return Health.UNSURE
    # Behind the service's address are the same servers, and late answers from there are not counted: judge the servers.
    servers = [one for (_, view), one in heard.items() if view != SERVICE_VIEW]
    doubtful = under_fault and before is not Health.OVERLOADED
    if doubtful and any(map(_is_gone, servers or heard.values())):
        return Health.UNSURE
    # If only the service's address is known, lost questions may have gone to a server that the fault took away.
    losses_count = bool(servers) or not doubtful
    bad = [
        _is_slow(one, usual.get(key)) or (losses_count and _loses(one, usual.get(key))) for key, one in heard.items()
    ]
    if all(bad):
        return Health.OVERLOADED
    return Health.UNSURE if any(bad) else Health.WELL


def together(heard: Iterable[Heard]) -> Heard:
    """The sum over several views."""
    found = Heard()
    for one in heard:
        found.took_ns.extend(one.took_ns)
        found.lost += one.lost
    return found
