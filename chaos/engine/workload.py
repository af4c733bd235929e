"""The objects of an experiment's workload, and whether they are those that it names."""

from __future__ import annotations

from typing import Any

from chaos.engine.manifests import read_manifest
from chaos.errors import UsageError
from chaos.experiment import Experiment
from chaos.experiment.expected import did_you_mean
from chaos.experiment.mistakes import at_field


def objects_of(experiment: Experiment, namespace: str = "default") -> list[dict[str, Any]]:
    """All of its manifests, in order; none where its method brings what it needs.

    Raises:
        UsageError: a manifest cannot be read, or they have no StatefulSet or Service of the name that the experiment
            gives.
    """
    workload = experiment.workload
    if workload is None:
        return []
    paths = [experiment.manifest_path(manifest) for manifest in workload.manifests]
    objects = [obj for path in paths for obj in read_manifest(path, namespace)]
    for kind, name in (("StatefulSet", workload.statefulset), ("Service", workload.service)):
        there = [obj["metadata"]["name"] for obj in objects if obj["kind"] == kind]
        if name not in there:
            at = at_field(experiment.source, "workload")
            raise UsageError(
                f"{at}: the manifests of {experiment.name} define no {kind} {name}",
                hint=did_you_mean(name, there)
                or f"{', '.join(map(str, paths)) or 'no manifest'} has as {kind}: {', '.join(there) or 'none'}",
            )
    return objects
