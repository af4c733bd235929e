"""The ways in which an experiment is run that make other requests of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

import kubesim
from chaos.engine.consent import OPT_IN_LABEL
from chaos.experiment import Experiment, Options, load_experiments
from kubesim.store import clone

_MANIFEST = Path(__file__).parents[2] / "experiments" / "manifests" / "web-quick.yaml"
# Probes cost most of a run's time here, and what they see is of no concern.
OPTIONS = Options(period_s=1.0, connect_period_s=1.0, max_qps=None, trials=1, allow_kube_system=True, allow_nodes=True)
_STARTS_S = 60.0
# The simulated cluster has not the databases of these.
_NEEDS_REAL = frozenset({"cache-cluster"})


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run an experiment.

    Attributes:
        prepare: makes what somebody else has there beforehand.
    """

    experiment: Experiment
    name: str
    options: Options
    prepare: Callable[[kubesim.Cluster], Awaitable[None]]

    @property
    def mirrored(self) -> bool:
        """Whether the cluster knows of what is changed, so that another machine can recover it."""
        return not self.options.local_journal_only


def variants() -> Iterator[Variant]:
    """All of them, by experiment."""
    for experiment in sorted(load_experiments(), key=lambda one: one.name):
        if experiment.name not in _NEEDS_REAL:
            yield from _of(experiment)


def _of(experiment: Experiment) -> Iterator[Variant]:
    outside = set(experiment.needs) & {"kube-system", "nodes"}
    yield Variant(experiment, "own namespace", OPTIONS, _others)
    yield Variant(experiment, "existing namespace", replace(OPTIONS, namespace="mine"), _theirs)
    if "force" in experiment.declared:
        yield Variant(experiment, "--force", replace(OPTIONS, force=True), _others)
        yield Variant(experiment, "existing, --force", replace(OPTIONS, namespace="mine", force=True), _theirs)
    if outside:
        yield Variant(experiment, "--local-journal-only", replace(OPTIONS, local_journal_only=True), _others)
    if experiment.any_target:
        target = replace(OPTIONS, namespace="mine", target="statefulset/web", grace_s=1, identify="http:/")
        yield Variant(experiment, "own StatefulSet", target, _workload)
        yield Variant(experiment, "own, --force", replace(target, grace_s=None, force=True), _workload)


async def _others(sandbox: kubesim.Cluster) -> None:
    """What nobody must touch: a workload of somebody else, and labels and annotations on what is changed."""
    await _add(sandbox, "others", {})
    registry = sandbox.api.registry
    for kind, name, namespace in (
        ("Node", "node-1", ""),
        ("Node", "node-2", ""),
        ("Deployment", "coredns", "kube-system"),
        ("ConfigMap", "coredns", "kube-system"),
        ("Service", "kube-dns", "kube-system"),
    ):
        found = clone(sandbox.store.get(kind, namespace, name))
        for field in ("annotations", "labels"):
            found["metadata"].setdefault(field, {})["example.org/who"] = "somebody"
        registry.update(kind, found)
    kept = {"metadata": {"name": "kept", "namespace": "others", "finalizers": ["example.org/keep"]}, "data": {"a": "b"}}
    registry.create("ConfigMap", kept, namespace="others")
    await asyncio.sleep(_STARTS_S)


async def _theirs(sandbox: kubesim.Cluster) -> None:
    """The same, and such a workload in the namespace that the run works in."""
    await _add(sandbox, "mine", {OPT_IN_LABEL: "true"})
    await _others(sandbox)


async def _workload(sandbox: kubesim.Cluster) -> None:
    """The same, and the workload that is measured."""
    await _theirs(sandbox)
    for obj in yaml.safe_load_all(_MANIFEST.read_text()):
        sandbox.api.registry.create(obj["kind"], obj, namespace="mine")
    await asyncio.sleep(_STARTS_S)


async def _add(sandbox: kubesim.Cluster, namespace: str, labels: dict[str, str]) -> None:
    registry = sandbox.api.registry
    registry.create("Namespace", {"metadata": {"name": namespace, "labels": labels}})
    service, workload = yaml.safe_load_all(_MANIFEST.read_text())
    selector = {"app": "theirs"}
    meta: dict[str, Any] = {"name": "theirs", "labels": selector, "annotations": {"example.org/who": "somebody"}}
    service = {**service, "metadata": meta, "spec": {**service["spec"], "selector": selector}}
    spec = workload["spec"]
    spec |= {"serviceName": "theirs", "replicas": 1, "selector": {"matchLabels": selector}}
    spec["template"]["metadata"]["labels"] = selector
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    spec["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": claim}]
    registry.create("Service", service, namespace=namespace)
    registry.create("StatefulSet", {**workload, "metadata": meta}, namespace=namespace)
