"""What a run asked of the API server and its experiment does not declare: the next cluster may refuse it."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.engine.permissions import PERMISSIONS, WEBSOCKETS_FROM_135, Feature, uses_of
from chaos.experiment import Experiment

# Asked by everybody about themselves: no Role needs to allow it.
_EVERYBODYS = ("create", "authorization.k8s.io", "selfsubjectaccessreviews")


def undeclared(experiment: Experiment, used: Iterable[tuple[str, str, str]]) -> list[str]:
    """Texts for its `uses`, such as ``patch deployments.apps``.

    Args:
        experiment: that ran.
        used: verb, group and resource of each kind of request.
    """
    disturbs = "kube-system" in experiment.needs
    rows = [row for row in (*PERMISSIONS, WEBSOCKETS_FROM_135) if disturbs or row.feature is not Feature.DISTURB_DNS]
    declared = {(p.verb, p.group, p.resource) for p in (*rows, *uses_of(experiment.name, experiment.uses))}
    missing = sorted(set(used) - declared - {_EVERYBODYS})
    return [f"{verb} {'.'.join(filter(None, (resource, group)))}" for verb, group, resource in missing]
