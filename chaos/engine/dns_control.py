"""Cluster DNS under an experiment: killed, scaled, configured, and put back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from chaos.clock import RunClock
from chaos.cluster.changes import Acknowledged, Changes
from chaos.cluster.client import Cluster
from chaos.engine.permissions import DNS_NAMESPACE
from chaos.engine.target import is_ready, pod_identity
from chaos.engine.views import DNS_LABELS
from chaos.errors import InconclusiveError, UsageError
from chaos.experiment import Experiment
from chaos.model import PodIdentity
from chaos.model.object import Object

_CONFIG_MAP = "coredns"
_LOOK_S = 0.1
Guarded = Callable[[str, Sequence[str], int], Awaitable[None]]


class DnsControl:
    """Satisfies `chaos.experiment.ClusterDns`. Its undo is on disk before each change, and never overwrites others'.

    Args:
        guarded: raises where a guard does not let pods of these names be taken, so many of them at the same time.
    """

    def __init__(
        self, experiment: Experiment, cluster: Cluster, changes: Changes, clock: RunClock, guarded: Guarded
    ) -> None:
        self._experiment = experiment
        self._cluster = cluster
        self._changes = changes
        self._clock = clock
        self._guarded = guarded
        self._deployment = ""

    async def pods(self, *, ready: bool = True) -> tuple[PodIdentity, ...]:
        """See `chaos.experiment.ClusterDns.pods`."""
        found = [
            pod_identity(pod)
            for pod in await self._objects()
            if (is_ready(pod) if ready else (pod.get("status") or {}).get("podIP"))
        ]
        return tuple(sorted(found, key=lambda pod: pod.name))

    async def _objects(self) -> list[Object]:
        return (await self._cluster.list("Pod", DNS_NAMESPACE, DNS_LABELS))[0]

    async def delete(self, pods: Sequence[PodIdentity]) -> Acknowledged:
        """See `chaos.experiment.ClusterDns.delete`."""
        await self._allowed()
        names = [pod.name for pod in pods]
        await self._guarded(f"deletion of {', '.join(names)}", names, len(names))
        because = f"Deployment {self._deployment} replaces it"
        done = await asyncio.gather(
            *(self._changes.delete_pod(pod.name, DNS_NAMESPACE, pod.uid, None, because) for pod in pods)
        )
        return Acknowledged(min(one.sent_ns for one in done), max(one.accepted_ns for one in done), done[0].object)

    async def scale(self, replicas: int) -> Acknowledged:
        """See `chaos.experiment.ClusterDns.scale`."""
        await self._allowed()
        looked_at: set[str] = set()
        while len(names := await self._staying()) > replicas and not looked_at.issuperset(names):
            looked_at.update(names)  # servers may be replaced while a guard waits
            await self._guarded(f"scaling of {self._deployment} to {replicas}", names, len(names) - replicas)
        return await self._changes.patch(
            "Deployment", self._deployment, DNS_NAMESPACE, {"spec": {"replicas": replicas}}
        )

    async def _staying(self) -> list[str]:
        """Names of the servers that are not on their way out."""
        return [pod["metadata"]["name"] for pod in await self._objects() if "deletionTimestamp" not in pod["metadata"]]

    async def unscale(self) -> Acknowledged:
        """See `chaos.experiment.ClusterDns.unscale`."""
        return await self._changes.put_back("Deployment", self._deployment, DNS_NAMESPACE)

    async def corefile(self) -> str:
        """See `chaos.experiment.ClusterDns.corefile`."""
        found = await self._cluster.get("ConfigMap", _CONFIG_MAP, DNS_NAMESPACE)
        return str(((found or {}).get("data") or {}).get("Corefile", ""))

    async def configure(self, corefile: str) -> Acknowledged:
        """See `chaos.experiment.ClusterDns.configure`."""
        await self._allowed()
        return await self._changes.patch("ConfigMap", _CONFIG_MAP, DNS_NAMESPACE, {"data": {"Corefile": corefile}})

    async def unconfigure(self) -> Acknowledged:
        """See `chaos.experiment.ClusterDns.unconfigure`."""
        return await self._changes.put_back("ConfigMap", _CONFIG_MAP, DNS_NAMESPACE)

    async def restart(self, within_s: float) -> None:
        """See `chaos.experiment.ClusterDns.restart`."""
        before = await self.pods()
        replaced: set[str] = set()
        for pod in before:
            await self.delete([pod])
            replaced.add(pod.uid)
            deadline_s = self._clock.now_s() + within_s
            while not self._whole(await self.pods(), replaced, len(before)):
                if self._clock.now_s() > deadline_s:
                    raise InconclusiveError(
                        f"the successor of {pod.name} in {DNS_NAMESPACE} was not Ready within {within_s:g} s",
                        hint=f"kubectl -n {DNS_NAMESPACE} get pods -l {DNS_LABELS}",
                    )
                await asyncio.sleep(_LOOK_S)

    @staticmethod
    def _whole(pods: Sequence[PodIdentity], replaced: set[str], count: int) -> bool:
        return len([pod for pod in pods if pod.uid not in replaced]) >= count

    async def _allowed(self) -> None:
        """Find the Deployment; refuse what the experiment did not declare.

        Raises:
            UsageError: it declares no need of kube-system.
            InconclusiveError: the DNS servers belong to no Deployment.
        """
        if "kube-system" not in self._experiment.needs:
            raise UsageError(
                f"{self._experiment.name} would change cluster DNS without saying so",
                hint='it needs: needs=("kube-system",)',
            )
        if self._deployment:
            return
        owners = [owner for pod in await self._objects() for owner in pod["metadata"].get("ownerReferences") or []]
        names = sorted({o["name"].rpartition("-")[0] for o in owners if o["kind"] == "ReplicaSet"})
        if len(names) != 1:
            raise InconclusiveError(
                f"the pods labelled {DNS_LABELS} in {DNS_NAMESPACE} do not belong to one Deployment, so they cannot be "
                "scaled or replaced here",
            )
        self._deployment = names[0]
