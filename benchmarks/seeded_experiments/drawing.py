"""What a seed stands for: one experiment, drawn at random, with the cluster that it runs on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import kubesim
from kubesim.dns.corefile import KUBEADM_COREFILE

KINDS = (
    "delete",
    "force-delete",
    "delete-several",
    "scale",
    "readiness-flap",
    "rolling-update",
    "evict",
    "cordon",
    "node-loss",
    "delete-within-a-delete",
)
REPLICAS = (1, 3, 30)
LOSSES = (0.0, 0.001, 0.01, 0.05)
PERIODS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
CONNECT_PERIODS_S = (0.05, 0.1, 0.1, 0.5)
# As kubeadm has it (reverse names are kept); denials kept too, as older clusters do; everything kept.
CACHES = {
    "reverse names": KUBEADM_COREFILE,
    "denials": KUBEADM_COREFILE.replace("disable denial cluster.local", "denial 9984 5"),
    "everything": KUBEADM_COREFILE.replace("cache 30 {", "cache 5 {")
    .replace("disable success cluster.local", "success 9984 5")
    .replace("disable denial cluster.local", "denial 9984 5"),
}
MOST_SAMPLES = 100_000
# What is drawn is planned for fewer, since how long a run takes is not known beforehand.
_PLANNED_SAMPLES, _PLANNED_SMALL = 36_000, 2_500
# Experiments of these seeds are small, so that they can be a part of `make test`.
SMALL_SEEDS = 40
_VIEWS = 3  # two CoreDNS pods and their service
_HOLD_PERIODS = 15  # of the steady state; chaos/engine/active.py
_FIRST_ANSWERS = 20  # periods in which reverse names are heard for the first time
_MANY = 30
_SLOWEST_CONNECT_S = 30.0
# What takes minutes by itself is not made longer, or nobody could sample it at a short period.
_NEVER_SLOWER = ("kubelet_rejoin", "kubelet_sync_retry", "kubelet_image_pull", "kubelet_relist", "node_")
# Of some experiments the limit is about as long as a replacement takes, or shorter; of the others it is ample.
_LIMITS_S = ((0.3, 5.0), (5.0, 60.0), (5.0, 60.0))
# Of small experiments: longer periods take long, since the steady state is to hold for some.
_QUICK_FOR_MANY = ("delete",)
_SMALL_PERIODS_S = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One experiment.

    Attributes:
        kind: of `KINDS`: what is done to the pods.
        replicas: of the StatefulSet.
        hit: how many of its pods a fault concerns.
        trials: how often, where the kind repeats.
        loss: probability that a datagram is lost, each way.
        period_s: between two DNS questions of a series; `connect_period_s` likewise for connections.
        cache: of `CACHES`: what CoreDNS keeps.
        vantages: agents with wrong clocks that sample; 0: this process does.
        within_s: the limit that is judged.
        beyond_s: so much longer the method waits.
        grace_s: of deletions; None: the pods' own.
        reuse: whether a pod may come back with the address that it had.
        volumes: whether each pod has one.
        delays: (low_s, high_s) of every delay of the model.
    """

    seed: int
    kind: str
    replicas: int
    hit: int
    trials: int
    loss: float
    period_s: float
    connect_period_s: float
    cache: str
    vantages: int
    within_s: float
    beyond_s: float
    grace_s: int | None
    reuse: bool
    volumes: bool
    delays: dict[str, tuple[float, float]]

    @property
    def parallel(self) -> bool:
        """Whether the pods start at once: many of them would take minutes one after the other."""
        return self.replicas == _MANY

    @property
    def round_trip_s(self) -> float:
        """The longest ordinary one of a DNS question."""
        return 2 * self.delays["dns_one_way"][1] + self.delays["dns_processing"][1]

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.kind} of {self.hit}/{self.replicas}, loss {self.loss:g}, "
            f"every {self.period_s:g} s, cache of {self.cache}, {self.vantages} agents, within {self.within_s:g} s"
        )


def draw(seed: int) -> Drawn:
    """The experiment of a seed; ten seeds in a row have each kind once."""
    rng = random.Random(f"experiment/{seed}")
    small = seed < SMALL_SEEDS
    kind = KINDS[seed % len(KINDS)]
    least_s, most_s = rng.choice(_LIMITS_S)
    replicas = rng.choices(REPLICAS, weights=(4, 8, 1) if small else (3, 4, 3))[0]
    if small and kind not in _QUICK_FOR_MANY:
        replicas = min(replicas, REPLICAS[1])
    if kind == "delete-within-a-delete":
        replicas = max(replicas, REPLICAS[1])
    hit = rng.choice([n for n in (2, 3, 5, _MANY) if n <= replicas] or [1]) if _may_hit_several(kind) else 1
    drawn = Drawn(
        seed=seed,
        kind=kind,
        replicas=replicas,
        hit=hit,
        trials=rng.choice((1, 2)) if kind in ("delete", "force-delete", "evict") and not small else 1,
        loss=rng.choice(LOSSES),
        period_s=0.0,
        connect_period_s=0.0,
        cache=rng.choice(tuple(CACHES)),
        vantages=_vantages(rng, replicas, small=small),
        within_s=round(least_s * (most_s / least_s) ** rng.random(), 2),
        beyond_s=rng.choice((1.0, 3.0, 5.0)),
        grace_s=0 if kind == "force-delete" else rng.choice((None, 1, 2)),
        reuse=rng.random() < 0.3,  # noqa: PLR2004
        volumes=rng.random() < 0.3,  # noqa: PLR2004
        delays=_delays(rng, rng.choice((1.0, 5.0)) if not small else 1.0),
    )
    return _with_periods(drawn, rng, _PLANNED_SMALL if small else _PLANNED_SAMPLES)


def _vantages(rng: random.Random, replicas: int, *, small: bool) -> int:
    """How many agents sample, each as much as one process would."""
    if small:
        return 2 if replicas < _MANY and rng.random() < 0.1 else 0  # noqa: PLR2004
    return rng.choices((0, 2, 3), weights=(7, 2, 1))[0]


def _may_hit_several(kind: str) -> bool:
    return kind in ("delete-several", "scale", "readiness-flap", "rolling-update")


def _delays(rng: random.Random, slowest: float) -> dict[str, tuple[float, float]]:
    """Every delay of the model, slower or faster by a factor of its own between a fifth and `slowest`."""
    scaled = {}
    for delay in kubesim.DELAYS:
        if delay.unit != "s":
            continue
        highest = 1.0 if delay.name.startswith(_NEVER_SLOWER) else slowest
        factor = 0.2 * (highest / 0.2) ** rng.random()
        scaled[delay.name] = (delay.low_s * factor, delay.high_s * factor)
    return scaled


def _with_periods(drawn: Drawn, rng: random.Random, most: int) -> Drawn:
    """Periods at which the experiment does not take more samples than it may."""
    vantages, holds = drawn.vantages or 1, (drawn.trials + 1) * _HOLD_PERIODS
    series = (drawn.replicas * 1.1 + 2) * _VIEWS * vantages
    lasts_s = _lasts_s(drawn)
    # A third is left for connections, unless there are none.
    allowed = _SMALL_PERIODS_S if drawn.seed < SMALL_SEEDS else PERIODS_S
    fitting = [p for p in allowed if series * (lasts_s / p + holds) <= most * 2 / 3] or [allowed[-1]]
    # Short ones are what the project is about; they are few where the sets are large.
    period_s = min(rng.choice(fitting), rng.choice(fitting))
    tries = len(probes(drawn)) * drawn.replicas * vantages * (lasts_s + (holds + _FIRST_ANSWERS) * period_s)
    connect_s = rng.choice(CONNECT_PERIODS_S)
    while tries / connect_s > most / 3 and connect_s < _SLOWEST_CONNECT_S:
        connect_s *= 2
    return replace(drawn, period_s=period_s, connect_period_s=connect_s)


def probes(drawn: Drawn) -> tuple[str, ...]:
    """What a set of that size is sampled with."""
    if drawn.kind == "readiness-flap":
        return ()
    return ("dns", "http", "address") if drawn.parallel else ("dns", "tcp", "http", "clusterip", "address")


def _lasts_s(drawn: Drawn) -> float:
    """A guess of how long it is sampled, without the holds of the steady state."""
    slow = drawn.delays["kubelet_relist"][1] + drawn.delays["kubelet_sandbox"][1] + drawn.delays["kubelet_cleanup"][1]
    one_s = 1.5 + 2 * slow + (drawn.grace_s or 0)
    if CACHES[drawn.cache] != KUBEADM_COREFILE:
        one_s += 6.0
    kinds: dict[str, Callable[[], float]] = {
        "force-delete": lambda: one_s + (10 if drawn.reuse else 4),
        "rolling-update": lambda: one_s * min(drawn.hit, 5),
        "scale": lambda: one_s * (2 if drawn.parallel else 1 + drawn.hit),
        "readiness-flap": lambda: 10.0,
        "node-loss": lambda: 40.0 + drawn.delays["node_monitor_grace"][1] + drawn.delays["kubelet_rejoin"][1],
        "delete-within-a-delete": lambda: 1.5 * one_s,
        "delete-several": lambda: one_s * (1 if drawn.parallel else drawn.hit),
    }
    return 2.0 + drawn.trials * kinds.get(drawn.kind, lambda: one_s)()
