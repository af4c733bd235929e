"""The objects that a method makes, changes and looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path

from chaos.clock import RunClock
from chaos.cluster.changes import Acknowledged, Changes
from chaos.cluster.client import CLUSTER_WIDE, Cluster
from chaos.cluster.command import run_command
from chaos.cluster.executed import Executed
from chaos.cluster.logs import read_log
from chaos.engine.consent import OPT_IN_LABEL
from chaos.engine.manifests import adapt_pods, dropped_fields, read_manifest
from chaos.engine.progress import Progress
from chaos.engine.readiness import why_not_ready
from chaos.engine.target import is_ready, pod_identity
from chaos.errors import ApiError, PreflightError, UsageError
from chaos.experiment import Experiment, Options
from chaos.model import PodIdentity
from chaos.model.object import Object
from chaos.model.recording import Recorder

_LOOK_S = 0.2
# Reasons of a Status (400, 422) that blame what was sent, and neither rights, quotas nor the server.
WRONG_OBJECT = ("BadRequest", "Invalid")
_OURS = "this run made it, and removes it at its end"


class RunObjects:
    """Satisfies `chaos.experiment.Objects`.

    Args:
        namespace: the run's.
    """

    def __init__(
        self,
        experiment: Experiment,
        options: Options,
        cluster: Cluster,
        changes: Changes,
        clock: RunClock,
        recorder: Recorder,
        progress: Progress,
        namespace: str,
    ) -> None:
        self._experiment = experiment
        self._options = options
        self._cluster = cluster
        self._changes = changes
        self._clock = clock
        self._recorder = recorder
        self._progress = progress
        self._namespace = namespace
        self._own = {namespace}  # and those that the run made

    def _refuse_elsewhere(self, doing: str, kind: str, namespace: str) -> None:
        """Raises UsageError: it is nothing of the run's, and no guard has looked at it."""
        if kind == "Node" and "nodes" not in self._experiment.needs:
            raise UsageError(f"{self._experiment.name} is {doing} without saying so", hint='it needs: needs=("nodes",)')
        if kind not in CLUSTER_WIDE and namespace not in self._own:
            raise UsageError(
                f"{self._experiment.name} is {doing} in namespace {namespace}, which is not the run's",
                hint="run.objects.make_namespace(suffix) makes one more; run.cluster_dns changes cluster DNS",
            )

    async def apply(self, manifest: str, namespace: str = "") -> list[Object]:
        """See `chaos.experiment.Objects.apply`."""
        path = self._experiment.manifest_path(manifest)
        return [await self._create_from(path, obj) for obj in read_manifest(path, namespace or self._namespace)]

    async def _create_from(self, path: Path, obj: Object) -> Object:
        """Create an object of a file.

        Raises:
            UsageError: the API server says that the object itself is wrong: a mistake in the file.
        """
        try:
            return await self.create(obj)
        except ApiError as exc:
            if exc.reason not in WRONG_OBJECT:
                raise
            raise UsageError(
                f"{path}: {obj['kind']} {obj['metadata']['name']} is refused by the API server: {exc.message}",
                hint="mend the manifest; what was made before is undone",
            ) from exc

    async def create(self, obj: Object) -> Object:
        """Create one object; says so where the server dropped a field of it.

        Raises:
            PreflightError: a workload would adopt pods that are there already.
        """
        return (await self.made(obj)).object

    async def made(self, obj: Object) -> Acknowledged:
        """The same, and when."""
        if obj["kind"] not in CLUSTER_WIDE:
            obj = {**obj, "metadata": {"namespace": self._namespace, **obj["metadata"]}}
        meta = obj["metadata"]
        self._refuse_elsewhere(f"creating {obj['kind']} {meta['name']}", obj["kind"], meta.get("namespace", ""))
        await self._refuse_adoption(obj)
        adapt_pods(obj, self._options.pods)
        made = await self._changes.create(obj)
        if obj["kind"] == "Namespace":
            self._own.add(str(meta["name"]))
        dropped = dropped_fields(obj.get("spec", {}), made.object.get("spec", {}))
        if dropped:
            name = f"{obj['kind']} {obj['metadata']['name']}"
            self._progress.warning(f"the API server dropped from {name}: {', '.join(dropped)}")
            self._recorder.mark(self._clock.now_ns(), "dropped-fields", object=name, fields=dropped)
        return made

    async def _refuse_adoption(self, obj: Object) -> None:
        if obj["kind"] not in ("StatefulSet", "Deployment", "ReplicaSet"):
            return
        selector = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        found, _ = await self._cluster.list("Pod", obj["metadata"]["namespace"], labels)
        strangers = [pod for pod in found if not self._changes.made(pod)]
        if strangers:
            raise PreflightError(
                f"namespace {obj['metadata']['namespace']} has pods labelled {labels} "
                f"({strangers[0]['metadata']['name']}, …), which {obj['kind']} {obj['metadata']['name']} would adopt",
                hint="use a namespace without them, or leave --namespace out: one is made then",
            )

    async def make_namespace(self, suffix: str) -> str:
        """See `chaos.experiment.Objects.make_namespace`."""
        name = f"{self._namespace}-{suffix}"
        meta = {"name": name, "labels": {OPT_IN_LABEL: "true"}}
        await self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        return name

    async def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """See `chaos.experiment.Objects.get`."""
        return await self._cluster.get(kind, name, namespace or self._namespace)

    async def list(self, kind: str, labels: str = "", namespace: str = "") -> list[Object]:
        """See `chaos.experiment.Objects.list`."""
        return (await self._cluster.list(kind, namespace or self._namespace, labels))[0]

    async def patch(
        self, kind: str, name: str, patch: Object, *, subresource: str = "", namespace: str = ""
    ) -> Acknowledged:
        """See `chaos.experiment.Objects.patch`."""
        self._refuse_elsewhere(f"changing {kind} {name}", kind, namespace or self._namespace)
        return await self._changes.patch(
            kind, name, namespace or self._namespace, patch, because=_OURS, subresource=subresource
        )

    async def delete(self, kind: str, name: str, *, orphan: bool = False, namespace: str = "") -> Acknowledged:
        """See `chaos.experiment.Objects.delete`."""
        self._refuse_elsewhere(f"deleting {kind} {name}", kind, namespace or self._namespace)
        how = "Orphan" if orphan else "Background"
        return await self._changes.delete(kind, name, namespace or self._namespace, because=_OURS, propagation=how)

    async def refused(self, change: Awaitable[object]) -> str:
        """See `chaos.experiment.Objects.refused`."""
        try:
            await change
        except ApiError as exc:
            if not exc.is_answer:
                raise  # an overloaded or failing server did not decide about the change, so this is no refusal
            return f"{exc.status} {exc.reason}: {exc.message}"
        return ""

    async def pods(self, labels: str, namespace: str = "", *, ready: bool = True) -> tuple[PodIdentity, ...]:
        """See `chaos.experiment.Objects.pods`."""
        found = await self.list("Pod", labels, namespace)
        wanted = [p for p in found if (is_ready(p) if ready else (p.get("status") or {}).get("podIP"))]
        return tuple(sorted((pod_identity(p) for p in wanted), key=lambda pod: pod.name))

    async def ready_pods(
        self, labels: str, count: int, within_s: float, namespace: str = ""
    ) -> tuple[PodIdentity, ...]:
        """See `chaos.experiment.Objects.ready_pods`."""
        deadline_s = self._clock.now_s() + within_s
        while True:
            pods = await self.pods(labels, namespace)
            if len(pods) >= count:
                return pods
            if self._clock.now_s() >= deadline_s:
                break
            await asyncio.sleep(_LOOK_S)
        reasons = await self.why_not_ready(labels, namespace)
        self._recorder.mark(
            self._clock.now_ns(), "not-ready", labels=labels, wanted=count, ready=len(pods), reasons=reasons
        )
        why = "; ".join(reasons)
        self._progress.warning(f"{len(pods)} of {count} pods labelled {labels} are Ready after {within_s:g} s: {why}")
        return pods

    async def may_evict(self, pod: PodIdentity) -> str:
        """See `chaos.experiment.Objects.may_evict`."""
        return await self.refused(self._cluster.evict(pod.name, self._namespace, pod.uid, None, dry_run=True))

    async def evict(self, pod: PodIdentity) -> Acknowledged:
        """See `chaos.experiment.Objects.evict`."""
        return await self._changes.evict_pod(
            pod.name, self._namespace, pod.uid, None, because="its controller replaces it"
        )

    async def why_not_ready(self, labels: str, namespace: str = "") -> tuple[str, ...]:
        """What keeps pods with these labels from being Ready, or from being made."""
        return await why_not_ready(self._cluster, namespace or self._namespace, labels)

    async def exec(self, pod: str, command: Sequence[str], *, namespace: str = "", container: str = "") -> Executed:
        """See `chaos.experiment.Objects.exec`."""
        self._refuse_elsewhere(f"running a command in Pod {pod}", "Pod", namespace or self._namespace)
        where = namespace or self._namespace
        try:
            return await run_command(self._cluster, where, pod, list(command), container=container)
        except ApiError as exc:
            if container and container == self._options.container and not exc.hint:
                exc.hint = f"it was run in container {container}; --container names another one of the pod"
            raise

    async def logs(self, pod: str, *, namespace: str = "", container: str = "", previous: bool = False) -> str:
        """See `chaos.experiment.Objects.logs`."""
        return await read_log(self._cluster, namespace or self._namespace, pod, container=container, previous=previous)
