"""What exists once a run has a folder: from then on there may be something to undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.agents.fleet import Fleet
from chaos.clients import Clients
from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.journal import Journal
from chaos.cluster.mirror import Mirror
from chaos.cluster.signing import Key, user_key
from chaos.engine import preflight
from chaos.engine.aborting import Condition, Watch
from chaos.engine.aborting.making import figure_conditions
from chaos.engine.announcing import Announcer
from chaos.engine.folder import make_run_folder
from chaos.engine.holder import whose
from chaos.engine.hooks import Hooks
from chaos.engine.lease import Heartbeat
from chaos.engine.place import Place
from chaos.engine.plan import plan_lines, stretched_note
from chaos.engine.probing import Probing
from chaos.engine.progress import Progress
from chaos.engine.watching import note_down
from chaos.experiment import Experiment, Options
from chaos.model import History
from chaos.model.recording import Recorder


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run, where, and who is told.

    Attributes:
        experiment: as it is run: fitted to the user's own workload where one is named.
        reports: the folder below which the run's own is made.
        shared: whether others on this machine may read the run's folder.
    """

    experiment: Experiment
    options: Options
    place: Place
    clock: RunClock
    progress: Progress
    reports: Path
    shared: bool = False


@dataclass(slots=True)
class Begun:
    """What exists once the run has a folder; from then on there may be something to undo."""

    recorder: Recorder
    journal: Journal
    changes: Changes
    probing: Probing
    run_id: str
    hooks: Hooks
    watch: Watch
    announcer: Announcer
    mirror: Mirror | None = None
    fleet: Fleet | None = None
    clients: Clients | None = None
    heartbeat: Heartbeat | None = None


def begin(
    order: Order, found: preflight.Preflight, outside: Sequence[Condition], save: Callable[[Path, History], None]
) -> Begun:
    """Make the run's folder and show the plan; still nothing is touched.

    Args:
        order: what is to be run.
        found: by the preflight.
        outside: conditions of ``--abort-if`` that ask somebody else.
        save: writes the history's head.
    """
    folder = make_run_folder(order.reports, order.experiment.name, order.clock.started_at, shared=order.shared)
    meta = preflight.run_meta(found, order.place, order.experiment, order.options, order.clock)
    recorder = Recorder(folder, meta)
    run_id = f"{order.experiment.name}-{folder.name}".lower()
    address = order.place.address
    key = (
        Key() if order.place.simulated else user_key(make=True)
    )  # a simulated cluster ends with the process, so its journal is never replayed and needs no signature
    if key.missing:
        order.progress.warning(f"the undo journal is not signed, so recover believes less of it: {key.missing}")
    journal = Journal.start(
        folder,
        {
            "id": run_id,
            **address.for_journal(),
            "fingerprint": found.cluster.fingerprint,
            "simulated": order.place.simulated,
            **whose(order.clock.started_at, found.target.namespace),
        },
        key.data,
    )
    local = order.options.local_journal_only
    mirror = None if local else Mirror(found.cluster, journal, found.target.namespace)
    changes = Changes(found.cluster, journal, order.clock, run_id, mirror)
    found.cluster.witness = partial(note_down, recorder, order.clock)
    vantages = found.local + found.agents
    probing = Probing(
        vantages,
        order.clock,
        recorder,
        found.dns,
        found.target,
        order.options,
        order.experiment.probes,
        order.experiment.watched_names,
    )
    rates = probing.rates
    meta.parameters |= {
        "dns_period_s": rates.dns_period_s,
        "connect_period_s": rates.connect_period_s,
        "planned_queries_per_s": round(rates.queries_per_s, 1),
    }
    save(folder, recorder.history)
    order.progress.plan(plan_lines(found, order.place, order.experiment, order.options, rates))
    for note in found.notes:
        order.progress.warning(note)
    if rates.stretched:
        order.progress.warning(stretched_note(order.options, rates))
    own = figure_conditions(order.options, recorder, order.clock, probing)
    as_given = {one.text: position for position, one in enumerate(order.options.aborting.conditions)}
    watched = sorted([*outside, *own], key=lambda one: as_given[one.text])
    watch = Watch(watched, order.clock, order.progress)
    wanted = order.options.events
    announcer = Announcer(found.cluster, found.target, run_id, order.clock.started_at, wanted=wanted)
    hooks = _hooks(order, found, journal, run_id)
    return Begun(recorder, journal, changes, probing, run_id, hooks, watch, announcer, mirror)


def _hooks(order: Order, found: preflight.Preflight, journal: Journal, run_id: str) -> Hooks:
    address = order.place.address
    told = {
        "CHAOS_RUN_ID": run_id,
        "CHAOS_EXPERIMENT": order.experiment.name,
        "CHAOS_NAMESPACE": found.target.namespace,
        "CHAOS_CONTEXT": "sandbox" if order.place.simulated else address.context,
    }
    return Hooks(order.options.hooks, journal, told)
