"""Makes what is watched of what was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.engine.aborting.condition import Condition
from chaos.engine.aborting.figure import WatchedFigure
from chaos.engine.aborting.of_object import WatchedObject
from chaos.engine.aborting.prometheus import Prometheus, WatchedQuery
from chaos.engine.permissions import Feature, Permission, Scope
from chaos.engine.probing import Probing
from chaos.errors import UsageError
from chaos.experiment import Experiment, Options
from chaos.model.recording import Recorder
from chaos.options.conditions import FIGURES, FigureCondition, ObjectCondition, QueryCondition

# Kind → group and resource of the API.
_RESOURCES = {
    "Pod": ("", "pods"),
    "Node": ("", "nodes"),
    "Deployment": ("apps", "deployments"),
    "Job": ("batch", "jobs"),
    "PersistentVolumeClaim": ("", "persistentvolumeclaims"),
}


def check_measured(experiment: Experiment, options: Options) -> None:
    """Refuse a figure that the experiment does not measure: such a condition would never hold.

    Raises:
        UsageError: names the condition.
    """
    for one in options.aborting.conditions:
        if isinstance(one, FigureCondition) and FIGURES[one.figure][0] not in experiment.probes:
            measured = [name for name, (probe, _) in FIGURES.items() if probe in experiment.probes]
            raise UsageError(
                f"--abort-if {one.text!r} would never hold: {experiment.name} does not measure {one.figure}",
                hint=f"it measures {', '.join(measured)}" if measured else "it measures none of such figures",
            )


def permissions_for(options: Options) -> list[Permission]:
    """What conditions in objects' statuses ask for."""
    found = []
    for kind in dict.fromkeys(c.kind for c in options.aborting.conditions if isinstance(c, ObjectCondition)):
        group, resource = _RESOURCES[kind]
        scope, feature = (Scope.CLUSTER, Feature.NODE_CONDITIONS) if kind == "Node" else (Scope.OWN, Feature.CONDITIONS)
        found.append(Permission("get", resource, group, scope, feature, "a condition of --abort-if"))
    return found


def outside_conditions(options: Options, cluster: Cluster, clock: RunClock, namespace: str) -> list[Condition]:
    """Those that are there without the run: they are looked at before anything is touched.

    Raises:
        PreflightError: a token would go to Prometheus in the clear.
    """
    asked = options.aborting.conditions
    queries = [one for one in asked if isinstance(one, QueryCondition)]
    server = Prometheus(options.aborting.prometheus) if queries else None
    found: list[Condition] = [WatchedQuery(one, server.ask) for one in queries if server is not None]
    for one in asked:
        if isinstance(one, ObjectCondition):
            early = one.kind == "Node" or bool(options.target)
            found.append(WatchedObject(one, cluster, clock, namespace, early=early))
    return found


def figure_conditions(options: Options, recorder: Recorder, clock: RunClock, probing: Probing) -> Iterable[Condition]:
    """Those about what the run measures."""
    return [
        WatchedFigure(one, recorder, clock, probing.watched, probing.lost)
        for one in options.aborting.conditions
        if isinstance(one, FigureCondition)
    ]
