"""A run under way: what an experiment's method is given."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

from chaos.analysis.notes import Note
from chaos.clients import Clients
from chaos.clock import RunClock
from chaos.cluster.changes import Acknowledged, Changes
from chaos.cluster.client import Cluster
from chaos.engine.dns_control import DnsControl
from chaos.engine.guards import Guards, Injection
from chaos.engine.injecting import check_kind, injected, outcome_of
from chaos.engine.looks import Looks
from chaos.engine.objects import RunObjects
from chaos.engine.permissions import DNS_NAMESPACE
from chaos.engine.probing import Probing
from chaos.engine.progress import Progress
from chaos.engine.steady import SteadyState
from chaos.engine.target import WatchedTarget, pod_identity
from chaos.errors import BlastRadiusError, SteadyStateError
from chaos.experiment import Experiment, Options, Waited
from chaos.faults.base import Fault
from chaos.model import FaultWindow, Outcome, PodIdentity, Series
from chaos.model.own import check_json
from chaos.model.recording import Recorder

_LOOK_S = 0.05
# The steady state must hold for so many DNS periods, so that "stable" can be told from "first", and never shorter.
_HOLD_PERIODS = 15
_HOLD_AT_LEAST_S = 0.3
_HEARD_AGAIN_PERIODS = 3
_SHOWN = 5
_CLIENTS, _NAME_PROBES = ("tcp", "http", "stream"), ("dns", "cached")
T = TypeVar("T")


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
        clients: Clients,
        guards: Guards,
    ) -> None:
        self.options = options
        self.clients = clients
        self.target = target
        self.simulated = recorder.history.meta.simulated
        self.objects = RunObjects(experiment, options, cluster, changes, clock, recorder, progress, target.namespace)
        self.cluster_dns = DnsControl(experiment, cluster, changes, clock, self._check_dns)
        self._experiment = experiment
        self._changes = changes
        self._clock = clock
        self._recorder = recorder
        self._probing = probing
        self._progress = progress
        governing = probing.service_name(target.service)
        self._steady = SteadyState(target, recorder, governing, probing.lost, probing.watched, probing.pacing.now_s)
        self.announce: Callable[[FaultWindow], None] = lambda _window: None
        self.look_at_watches: Callable[[], Awaitable[bool]] = _nothing_missing
        self._guards = guards
        self.steady = asyncio.Event()  # the steady state was reached, where there is a workload to be steady
        if not target.names:
            self.steady.set()
        self._looks = Looks(options, recorder, clock, progress)
        self._about_to_go: set[str] = set()  # pods whose deletion is looked at, or on its way
        self._faulted: dict[str, str] = {}  # pod → the UID that a fault hit, until its successor is seen

    def now_ns(self) -> int:
        """See `chaos.experiment.Run.now_ns`."""
        return self._clock.now_ns()

    @property
    def domain(self) -> str:
        """See `chaos.experiment.Run.domain`."""
        return self._probing.domain

    @property
    def views(self) -> tuple[str, ...]:
        """See `chaos.experiment.Run.views`."""
        return self._probing.view_names

    def turns(self) -> Iterator[PodIdentity]:
        """See `chaos.experiment.Run.turns`."""
        names = self.target.names
        for turn in range(self.options.most_trials or len(names)):
            if self._looks.enough():
                return
            name = names[turn % len(names)]
            yield pod_identity(self.target.objects[name])
        self._looks.enough()  # the plan may have a look after the last fault, which is due now

    async def steady_state(self, within_s: float) -> None:
        """See `chaos.experiment.Run.steady_state`."""
        trial = len(self._recorder.history.faults)
        started_s, started_ns = self._clock.now_s(), self._clock.now_ns()
        since_s: float | None = None
        deadline_s = started_s + within_s
        while True:
            now_s = self._clock.now_s()
            # At the deadline only answers to questions sent after it count: earlier ones show an earlier state.
            asked_since_ns = round(deadline_s * 1e9) if now_s >= deadline_s else 0
            missing = (
                self._not_replaced()
                or self._steady.missing(self._clock.now_ns(), started_ns, asked_since_ns)
                or self._probing.ask_for_names()
            )
            if missing:
                since_s = None
            elif since_s is None:
                since_s = now_s
            if since_s is not None and now_s - since_s >= self._hold_s:
                self._mark_steady(trial, within_s, since_s - started_s, [])
                return
            if now_s >= deadline_s and since_s is None:
                seen = [one for one in missing if one not in self._steady.unheard]
                if seen or now_s >= deadline_s + self._steady.patience_s:
                    told = await self._told_by(self._clock.now_ns())
                    rest = [one for one in missing if one not in seen]
                    raise self._not_steady(trial, within_s, [*seen, *rest], told=told)
            await asyncio.sleep(_LOOK_S)

    @property
    def _hold_s(self) -> float:
        return max(_HOLD_AT_LEAST_S, _HOLD_PERIODS * self._probing.dns_period_s)

    async def _told_by(self, at_ns: int) -> bool:
        """Whether the watches have shown everything up to that instant, which must be in the recent past."""
        told = await self.look_at_watches()
        return told and all(gap.to_ns < at_ns for gap in self._recorder.history.gaps)

    def _not_replaced(self) -> list[str]:
        """Pods under a fault whose successor was not seen: before that the old state could pass for the new one."""
        for name, uid in list(self._faulted.items()):
            if self.target.newest.get(name, uid) != uid:
                del self._faulted[name]
        return [f"pod {name}: its replacement was not seen yet" for name in self._faulted]

    def not_deployed(self, within_s: float, reasons: Sequence[str]) -> NoReturn:
        """The workload did not become Ready; the reasons say why.

        Raises:
            SteadyStateError: says what is missing.
        """
        raise self._not_steady(0, within_s, reasons or self._steady.missing(self._clock.now_ns()))

    def _not_steady(
        self, trial: int, within_s: float, missing: Sequence[str], *, told: bool = True
    ) -> SteadyStateError:
        """`told`: whether the watches had told all that there was to see; else what is missing may have been there."""
        unheard = [one for one in missing if not told or one in self._steady.unheard]
        self._mark_steady(trial, within_s, None, missing, unheard)
        shown = "; ".join(missing[:_SHOWN]) + ("; …" if len(missing) > _SHOWN else "")
        return SteadyStateError(
            f"the steady state was not reached within {within_s:g} s: {shown}",
            hint="no further fault is injected",
            after_fault=set(unheard) != set(missing)
            and any(fault.accepted_ns is not None for fault in self._recorder.history.faults),
        )

    def _mark_steady(
        self, trial: int, within_s: float, took_s: float | None, missing: Sequence[str], unheard: Sequence[str] = ()
    ) -> None:
        self._recorder.mark(
            self._clock.now_ns(),
            "steady-state",
            reached=took_s is not None,
            within_s=within_s,
            took_s=took_s,
            missing=list(missing),
            unheard=list(unheard),
            phase="after" if trial else "before",
            trial=trial,
        )
        if took_s is not None:
            self.steady.set()
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
        if self._looks.disturbed():
            # The look stopped all probes for a while. Wait until they sample again: a gap right before the fault would
            # widen the bounds of its outage.
            await asyncio.sleep(max(self._hold_s, _HEARD_AGAIN_PERIODS * self._probing.connect_period_s))
        check_kind(fault)
        self._check_blast_radius(fault)
        await self._check_guards(fault.name, (pod.name for pod in fault.targets), fault)
        trial = len(self._recorder.history.faults) + 1
        window = FaultWindow(
            fault=fault.name,
            trial=trial,
            targets=fault.targets,
            outcome="sent",
            sent_ns=self._clock.now_ns(),
            accepted_ns=None,
            ended_ns=None,
            parameters=fault.parameters,
            replaces=fault.replaces,
            words=fault.words,
            one_by_one=fault.one_by_one,
        )
        self._progress.step(f"trial {trial}: {window.label}")
        self._recorder.fault(window)
        before = self._changes.acknowledged
        if fault.replaces:
            self._faulted |= {pod.name: pod.uid for pod in fault.targets}
        try:
            done = await injected(fault, self._changes, self.target.namespace)
        except Exception as exc:
            outcome, why = outcome_of(exc, some_made=self._changes.acknowledged > before)
            if outcome == "refused":  # nothing happened to them
                for pod in fault.targets:
                    self._faulted.pop(pod.name, None)
            ended_ns = self._clock.now_ns()
            self._recorder.fault(replace(window, outcome=outcome, ended_ns=ended_ns, detail=why))
            raise
        window = replace(
            window,
            outcome="accepted",
            sent_ns=done.sent_ns,
            accepted_ns=done.accepted_ns,
            requests=done.requests,
        )
        self._recorder.fault(window)
        self.announce(window)
        try:
            yield window
        except asyncio.CancelledError:
            raise  # cut short: the window stays open
        except BaseException:
            await self._end(window)
            raise
        await self._end(window)

    async def _end(self, window: FaultWindow) -> None:
        """Close the window, once the watches have shown everything that happened in it."""
        await self.look_at_watches()
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
        if foreign and self.target.names:
            raise BlastRadiusError(
                f"{fault.name} would touch {', '.join(sorted(foreign))}, which {self._experiment.name} does not target"
            )

    async def _check_guards(self, what: str, hit: Iterable[str] = (), fault: Fault | None = None) -> None:
        """Raises AbortedError: a guard does not let it happen now."""
        self._not_replaced()
        one_by_one = fault is not None and fault.one_by_one and fault.replaces
        await self._guards.check_injection(
            Injection(
                self.target,
                what,
                frozenset(hit),
                frozenset(self._faulted),
                at_once=int(one_by_one),
                keeps_budgets=fault is not None and fault.keeps_budgets,
                needs=fault.needs if fault is not None else (),
                was_steady=self.steady.is_set() or fault is None,
            )
        )

    async def _check_dns(self, what: str, hit: Sequence[str], at_once: int) -> None:
        """The same for pods of cluster DNS, which are not the target's and lie in another namespace."""
        await self._guards.check_injection(
            Injection(
                self.target, what, frozenset(hit), at_once=at_once, namespace=DNS_NAMESPACE, needs=("kube-system",)
            )
        )

    async def silence(self, pod: PodIdentity, within_s: float) -> None:
        """See `chaos.experiment.Run.silence`."""
        deadline_s = self._clock.now_s() + within_s
        while self._probing.answers(pod.address) and self._clock.now_s() < deadline_s:  # noqa: ASYNC110 - a bounded look
            await asyncio.sleep(_LOOK_S)

    async def apply(self, manifest: str) -> None:
        """See `chaos.experiment.Run.apply`."""
        await self.objects.apply(manifest)

    async def pods_of(self, selector: str) -> tuple[PodIdentity, ...]:
        """See `chaos.experiment.Run.pods_of`."""
        return await self.objects.pods(selector)

    async def ready_pods(self, selector: str, count: int, within_s: float) -> tuple[PodIdentity, ...]:
        """See `chaos.experiment.Run.ready_pods`."""
        return await self.objects.ready_pods(selector, count, within_s)

    async def change(self, what: str, doing: Awaitable[Acknowledged], **details: Any) -> Acknowledged:
        """See `chaos.experiment.Run.change`."""
        try:
            await self._check_guards(what)
        except BaseException:
            if inspect.iscoroutine(doing):
                doing.close()  # it will never be awaited, and Python warns of such a coroutine
            raise
        self._progress.step(what)
        done = await doing
        self.mark("change", step=what, sent_ns=done.sent_ns, accepted_ns=done.accepted_ns, **details)
        return done

    async def until(self, what: str, holds: Callable[[], Awaitable[T | None]], within_s: float) -> T | None:
        """See `chaos.experiment.Run.until`."""
        began_s = self._clock.now_s()
        while True:
            found = await holds()
            now_s = self._clock.now_s()
            if found or now_s - began_s >= within_s:
                self.note(Waited(what, round(now_s - began_s, 3), reached=bool(found)))
                return found or None
            await asyncio.sleep(_LOOK_S)

    async def sleep(self, seconds: float) -> None:
        """See `chaos.experiment.Run.sleep`."""
        await asyncio.sleep(seconds)

    async def resolve(self, name: str, rtype: str = "A", view: str = "service") -> Outcome:
        """See `chaos.experiment.Run.resolve`."""
        return await self._probing.resolve(self._probing.absolute(name), rtype, view)

    def watch_name(
        self, name: str, rtype: str = "A", *, probe: str = "dns", period_s: float = 0.0, label: str = ""
    ) -> list[Series]:
        """See `chaos.experiment.Run.watch_name`."""
        _check_one_of("probe", probe, _NAME_PROBES)
        return self._watching(self._probing.watch_name(name, rtype, probe, period_s, label))

    def watch_server(self, pod: PodIdentity, name: str) -> list[Series]:
        """See `chaos.experiment.Run.watch_server`."""
        return self._watching(self._probing.watch_server(pod, name))

    def watch_lookups(
        self, name: str, options: str, *, servers: Sequence[str] = (), period_s: float = 0.2, label: str = ""
    ) -> list[Series]:
        """See `chaos.experiment.Run.watch_lookups`."""
        return self._watching(self._probing.watch_lookups(name, options, servers, period_s, label or options))

    def watch_clients(self, kind: str, name: str, port: int, *, pod: str = "", period_s: float = 0.0) -> list[Series]:
        """See `chaos.experiment.Run.watch_clients`."""
        _check_one_of("kind", kind, _CLIENTS)
        return self._watching(self._probing.watch_clients(kind, name, port, pod, period_s))

    def _watching(self, opened: list[Series]) -> list[Series]:
        """Mark series as the method's own, so that reports show them."""
        self.mark("watching", series=[series.id for series in opened])
        return opened

    async def sample(self, kind: str, name: str, port: int, count: int, *, period_s: float = 0.0) -> list[Outcome]:
        """See `chaos.experiment.Run.sample`."""
        _check_one_of("kind", kind, _CLIENTS)
        host, series = self._probing.open_clients(kind, name, port, period_s)
        deadline_s = self._clock.now_s() + count * series.period_s * 2 + series.timeout_s
        samples = self._recorder.history.samples[series.id]
        while len(samples) < count and self._clock.now_s() < deadline_s:  # noqa: ASYNC110 - a bounded look
            await asyncio.sleep(min(_LOOK_S, series.period_s))
        host.close(series.id)
        return [self._recorder.history.outcomes[position] for position in samples.outcome[:count]]

    async def delete_pod(self, pod: PodIdentity) -> None:
        """See `chaos.experiment.Run.delete_pod`."""
        self._about_to_go.add(pod.name)
        try:
            await asyncio.sleep(
                0
            )  # let deletions that are started together be noted first, so that the guards count all of them
            await self._check_guards(f"deletion of {pod.name}", self._about_to_go)
            await self._changes.delete_pod(
                pod.name, self.target.namespace, pod.uid, None, because="its controller replaces it"
            )
        finally:
            self._about_to_go.discard(pod.name)

    def note(self, note: Note) -> None:
        """See `chaos.experiment.Run.note`."""
        if not isinstance(note, Note):
            given = f"the class {note.__name__}" if isinstance(note, type) else f"{note!r:.60}"
            raise TypeError(f"run.note was given {given}, and must be given one made of a class that derives from Note")
        check_json(type(note).__name__, note.details())
        self.mark(note.kind, **note.details())

    def mark(self, what: str, **details: Any) -> None:
        """See `chaos.experiment.Run.mark`."""
        check_json(f"the mark {what}", details)
        self._recorder.mark(self._clock.now_ns(), what, **details)


def _check_one_of(what: str, given: str, known: tuple[str, ...]) -> None:
    """Refuse a kind that no prober knows: it would never be sampled, without an error."""
    if given not in known:
        raise ValueError(f"{what} is {given!r}, and must be one of {', '.join(known)}")


async def _nothing_missing() -> bool:
    """Stands for the look at the watches until they are started."""
    return True
