"""Rehearses a run on a simulated cluster of its own, in virtual time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.request import Request
from chaos.engine.place import Place
from chaos.engine.rehearsal import Call, Rehearsal, Rehearsed
from chaos.engine.workload import objects_of
from chaos.errors import ChaosError, InconclusiveError
from chaos.experiment import Experiment, Options
from chaos.options.aborting import AbortOptions
from chaos.options.agents import AgentOptions
from chaos.options.hooks import HookOptions

Object = dict[str, Any]
# Requests do not depend on it, and a rehearsal need not measure.
_PERIOD_S = 0.25
_MOST_TRIALS = 10
_READY_WITHIN_S = 120.0


def rehearse(
    experiment: Experiment, options: Options, seeds: Sequence[Object], corefile: str = "", dns_servers: int = 0
) -> Rehearsed:
    """Run it there.

    Args:
        experiment: that is to be run.
        options: of the run; what only a real cluster has is left out.
        seeds: what the cluster has to have before: see `chaos.engine.standins`.
        corefile: of the real cluster's DNS, which the simulated one is given where it can read it.
        dns_servers: how many there are; 0: nobody may see them.
    """
    if "real-cluster" in experiment.needs:
        return _manifests_only(experiment, options)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=kubesim.VirtualTimeLoop) as runner:
        try:
            return runner.run(_rehearse(experiment, _fit(options), seeds, corefile, dns_servers, Path(folder)))
        except ChaosError as exc:
            return Rehearsed((), "", 0.0, exc)


def _manifests_only(experiment: Experiment, options: Options) -> Rehearsed:
    """What it creates for certain."""
    problem = InconclusiveError(
        f"the simulated cluster does not model what {experiment.name} measures, so only what it creates first is known"
    )
    namespace = options.namespace or "chaos-identity-rehearsal"
    calls = [
        Call(
            "the workload",
            0.0,
            Request("create", obj["kind"], obj["metadata"]["name"], namespace, body=obj),
            "delete it",
        )
        for obj in objects_of(experiment, namespace)
    ]
    return Rehearsed(tuple(calls), "" if options.namespace else namespace, 0.0, problem)


def _fit(options: Options) -> Options:
    """The same for a cluster in this process."""
    most = options.most_trials
    return replace(
        options,
        period_s=max(options.period_s, _PERIOD_S),
        connect_period_s=max(options.connect_period_s, _PERIOD_S),
        max_qps=None,
        vantage="local",
        agents=AgentOptions(),
        identify="none",
        node="",
        cut_node="",
        join_node="",
        events=False,
        aborting=AbortOptions(),
        hooks=HookOptions(),
        until_precision=None,
        max_trials=None,
        trials=None if most is None else min(most, _MOST_TRIALS),
        guards=replace(options.guards, only_in=(), cluster_uid="", new_cluster=False),
    )


async def _rehearse(
    experiment: Experiment, options: Options, seeds: Sequence[Object], corefile: str, dns_servers: int, folder: Path
) -> Rehearsed:
    sandbox = await _started(corefile)
    try:
        address = ClusterAddress(url=sandbox.url, connector=sandbox.connector(), token="")
        await _plant(address, seeds, dns_servers)
        place = Place(address, sandbox.vantage, "a rehearsal", simulated=True, virtual_time=True, seed=0)
        return await Rehearsal(experiment, options, place, folder).rehearse()
    finally:
        await sandbox.stop()


async def _started(corefile: str) -> kubesim.Cluster:
    """With the real cluster's Corefile where the simulated CoreDNS can read it."""
    for configuration in dict.fromkeys((corefile, "")):
        sandbox = kubesim.Cluster(seed=0, corefile=configuration)
        try:
            await sandbox.start()
        except Exception:
            await sandbox.stop()
            if not configuration:
                raise
        else:
            return sandbox
    raise AssertionError  # the last one is kubeadm's


async def _plant(address: ClusterAddress, seeds: Sequence[Object], dns_servers: int) -> None:
    """Create what the cluster has to have, and wait until it is well."""
    cluster = await connect(address)
    try:
        if dns_servers:
            await cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": dns_servers}})
        for obj in seeds:
            if obj["kind"] == "Namespace" and await cluster.get("Namespace", obj["metadata"]["name"]) is not None:
                said = {key: value for key, value in obj["metadata"].items() if key in ("labels", "annotations")}
                await cluster.patch("Namespace", obj["metadata"]["name"], "", {"metadata": said})  # default
            else:
                await cluster.create(obj)
        async with asyncio.timeout(_READY_WITHIN_S):
            await _ready(cluster, "Deployment", "coredns", "kube-system")
            for obj in seeds:
                if obj["kind"] == "StatefulSet":
                    await _ready(cluster, "StatefulSet", obj["metadata"]["name"], obj["metadata"]["namespace"])
    except TimeoutError as exc:
        raise InconclusiveError("the stand-in of the target did not become ready on the simulated cluster") from exc
    finally:
        await cluster.close()


async def _ready(cluster: Cluster, kind: str, name: str, namespace: str) -> None:
    while True:
        found = await cluster.get(kind, name, namespace) or {}
        status = found.get("status") or {}
        if status.get("readyReplicas", 0) == (found.get("spec") or {}).get("replicas", 1):
            return
        await asyncio.sleep(1)
