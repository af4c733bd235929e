"""A run under way: what an experiment's method is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NoReturn

from chaos.clock import RunClock
from chaos.cluster import Changes, Cluster
from chaos.engine.manifests import adapt_pods, dropped_fields, read_manifest
from chaos.engine.probing import Probing
from chaos.engine.progress import Progress
from chaos.engine.steady import SteadyState
from chaos.engine.target import WatchedTarget, is_ready, pod_identity
from chaos.errors import ApiError, BlastRadiusError, PreflightError, SteadyStateError
from chaos.experiment import Experiment, Options
from chaos.faults import Fault
from chaos.model import FaultWindow, Outcome, PodIdentity
from chaos.model.recording import Recorder

_LOOK_S = 0.05
# The steady state must hold for so many DNS periods, so that "stable" can be told from "first", and never shorter.
_HOLD_PERIODS = 15
_HOLD_AT_LEAST_S = 0.3
_SHOWN = 5


class ActiveRun:
    """Satisfies `chaos.experiment.Run`."""

    def __init__(
        self,
        experiment: Experiment,
        options: Options,
        cluster: Cluster,
        changes: Changes,
        clock: RunClock,
        recorder: Recorder,
        target: WatchedTarget,
        probing: Probing,
        progress: Progress,
    ) -> None:
        self.options = options
        self.target = target
        self._experiment = experiment
        self._cluster = cluster
        self._changes = changes
        self._clock = clock
        self._recorder = recorder
        self._probing = probing
        self._progress = progress
        self._steady = SteadyState(target, recorder, probing.service_name(target.service), probing.lost)
        self._faulted: dict[str, str] = {}  # pod → the UID that a fault hit, until its successor is seen

    def turns(self) -> Iterator[PodIdentity]:
        """See `chaos.experiment.Run.turns`."""
        names = self.target.names
        for turn in range(self.options.trials or len(names)):
            name = names[turn % len(names)]
            yield pod_identity(self.target.objects[name])

    async def steady_state(self, within_s: float) -> None:
        """See `chaos.experiment.Run.steady_state`."""
        trial = len(self._recorder.history.faults)
        started_s = self._clock.now_s()
        hold_s = max(_HOLD_AT_LEAST_S, _HOLD_PERIODS * self._probing.rates.dns_period_s)
        since_s: float | None = None
        while True:
            now_s = self._clock.now_s()
            missing = self._not_replaced() or self._steady.missing()
            if missing:
                since_s = None
            elif since_s is None:
                since_s = now_s
            if since_s is not None and now_s - since_s >= hold_s:
                self._mark_steady(trial, within_s, since_s - started_s, [])
                return
            if now_s - started_s >= within_s and since_s is None:
                raise self._not_steady(trial, within_s, missing)
            await asyncio.sleep(_LOOK_S)

    def _not_replaced(self) -> list[str]:
        """Pods under a fault whose successor was not seen: before that the old state could pass for the new one."""
        for name, uid in list(self._faulted.items()):
            pod = self.target.objects.get(name)
            if pod is not None and pod["metadata"]["uid"] != uid:
                del self._faulted[name]
        return [f"pod {name}: its replacement was not seen yet" for name in self._faulted]

    def not_deployed(self, within_s: float) -> NoReturn:
        """The workload did not become Ready.

        Raises:
            SteadyStateError: says what is missing.
        """
        raise self._not_steady(0, within_s, self._steady.missing())

    def _not_steady(self, trial: int, within_s: float, missing: list[str]) -> SteadyStateError:
        self._mark_steady(trial, within_s, None, missing)
        shown = "; ".join(missing[:_SHOWN]) + ("; …" if len(missing) > _SHOWN else "")
        return SteadyStateError(
            f"the steady state was not reached within {within_s:g} s: {shown}",
            hint="no further fault is injected",
            after_fault=any(fault.accepted_ns is not None for fault in self._recorder.history.faults),
        )

    def _mark_steady(self, trial: int, within_s: float, took_s: float | None, missing: list[str]) -> None:
        self._recorder.mark(
            self._clock.now_ns(),
            "steady-state",
            reached=took_s is not None,
            within_s=within_s,
            took_s=took_s,
            missing=missing,
            phase="after" if trial else "before",
            trial=trial,
        )
        if took_s is not None:
            self._progress.step("steady state reached" if not trial else f"steady state again{self._since_fault()}")

    def _since_fault(self) -> str:
        """How long after the newest fault it is now."""
        accepted_ns = self._recorder.history.faults[-1].accepted_ns
        if accepted_ns is None:
            return ""
        return f", {(self._clock.now_ns() - accepted_ns) / 1e9:.1f} s after the fault was accepted"

    @asynccontextmanager
    async def inject(self, fault: Fault) -> AsyncIterator[FaultWindow]:
        """See `chaos.experiment.Run.inject`."""
        self._check_blast_radius(fault)
        trial = len(self._recorder.history.faults) + 1
        names = ", ".join(pod.name for pod in fault.targets)
        self._progress.step(f"trial {trial}: {fault.name} {names}")
        window = FaultWindow(
            fault=fault.name,
            trial=trial,
            targets=fault.targets,
            outcome="sent",
            sent_ns=self._clock.now_ns(),
            accepted_ns=None,
            ended_ns=None,
            parameters=fault.parameters,
        )
        self._recorder.fault(window)
        before = self._changes.acknowledged
        self._faulted |= {pod.name: pod.uid for pod in fault.targets}
        try:
            done = await fault.inject(self._changes, self.target.namespace)
        except ApiError as exc:
            # Without an answer nobody knows whether the server did it.
            outcome = "refused" if exc.status else "unknown"
            if self._changes.acknowledged > before:
                outcome = "partial"
            if outcome == "refused":  # nothing happened to them
                for pod in fault.targets:
                    self._faulted.pop(pod.name, None)
            ended_ns = self._clock.now_ns()
            self._recorder.fault(replace(window, outcome=outcome, ended_ns=ended_ns, detail=exc.message))
            raise
        window = replace(window, outcome="accepted", sent_ns=done.sent_ns, accepted_ns=done.accepted_ns)
        self._recorder.fault(window)
        try:
            yield window
        except asyncio.CancelledError:
            raise  # cut short: the window stays open
        except BaseException:
            self._end(window)
            raise
        self._end(window)

    def _end(self, window: FaultWindow) -> None:
        self._recorder.fault(replace(window, ended_ns=self._clock.now_ns()))

    def _check_blast_radius(self, fault: Fault) -> None:
        self._not_replaced()  # forgets those that are
        touched = {pod.name for pod in fault.targets} | set(self._faulted)
        if len(touched) > self._experiment.blast_radius:
            raise BlastRadiusError(
                f"{fault.name} would put {len(touched)} pods ({', '.join(sorted(touched))}) under a fault at once; "
                f"{self._experiment.name} declares blast_radius={self._experiment.blast_radius}",
                hint="wait for the steady state between faults, or declare a larger radius",
            )
        foreign = {pod.name for pod in fault.targets} - set(self.target.names)
        if foreign:
            raise BlastRadiusError(
                f"{fault.name} would touch {', '.join(sorted(foreign))}, which {self._experiment.name} does not target"
            )

    async def silence(self, pod: PodIdentity, within_s: float) -> None:
        """See `chaos.experiment.Run.silence`."""
        deadline_s = self._clock.now_s() + within_s
        while self._probing.answers(pod.address) and self._clock.now_s() < deadline_s:  # noqa: ASYNC110 - a bounded look
            await asyncio.sleep(_LOOK_S)

    async def apply(self, manifest: str) -> None:
        """See `chaos.experiment.Run.apply`."""
        for obj in read_manifest(self._experiment.manifest_path(manifest), self.target.namespace):
            await self.create(obj)

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Create one object; says so where the server dropped a field of it.

        Raises:
            PreflightError: a workload would adopt pods that are there already.
        """
        await self._refuse_adoption(obj)
        adapt_pods(obj, self.options.pods)
        made = (await self._changes.create(obj)).object
        dropped = dropped_fields(obj.get("spec", {}), made.get("spec", {}))
        if dropped:
            name = f"{obj['kind']} {obj['metadata']['name']}"
            self._progress.warning(f"the API server dropped from {name}: {', '.join(dropped)}")
            self._recorder.mark(self._clock.now_ns(), "dropped-fields", object=name, fields=dropped)
        return made

    async def _refuse_adoption(self, obj: dict[str, Any]) -> None:
        if obj["kind"] not in ("StatefulSet", "Deployment", "ReplicaSet"):
            return
        selector = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        found, _ = await self._cluster.list("Pod", obj["metadata"]["namespace"], labels)
        if found:
            raise PreflightError(
                f"namespace {obj['metadata']['namespace']} has pods labelled {labels} "
                f"({found[0]['metadata']['name']}, …), which {obj['kind']} {obj['metadata']['name']} would adopt",
                hint="use a namespace without them, or leave --namespace out: one is made then",
            )

    async def pods_of(self, selector: str) -> tuple[PodIdentity, ...]:
        """See `chaos.experiment.Run.pods_of`."""
        found, _ = await self._cluster.list("Pod", self.target.namespace, selector)
        return tuple(sorted((pod_identity(p) for p in found if is_ready(p)), key=lambda pod: pod.name))

    async def ready_pods(self, selector: str, count: int, within_s: float) -> tuple[PodIdentity, ...]:
        """See `chaos.experiment.Run.ready_pods`."""
        deadline_s = self._clock.now_s() + within_s
        while True:
            pods = await self.pods_of(selector)
            if len(pods) >= count or self._clock.now_s() >= deadline_s:
                return pods
            await asyncio.sleep(_LOOK_S * 4)

    async def resolve(self, name: str, rtype: str = "A") -> Outcome:
        """See `chaos.experiment.Run.resolve`."""
        return await self._probing.resolve(self._probing.service_name(name), rtype)

    async def delete_pod(self, pod: PodIdentity) -> None:
        """See `chaos.experiment.Run.delete_pod`."""
        await self._changes.delete_pod(
            pod.name, self.target.namespace, pod.uid, None, because="its controller replaces it"
        )

    def mark(self, what: str, **details: Any) -> None:
        """See `chaos.experiment.Run.mark`."""
        self._recorder.mark(self._clock.now_ns(), what, **details)
