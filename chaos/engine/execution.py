"""One run from preflight to rollback."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chaos.agents.fleet import START_WITHIN_S, Fleet
from chaos.analysis.foreign import WROTE
from chaos.clients import Clients, Dialer, Login
from chaos.clients.host import ClientHost, question_of, user_of
from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import Journal
from chaos.cluster.mirror import Mirror
from chaos.cluster.signing import Key, user_key
from chaos.cluster.watch import NamespaceLooks, Watcher
from chaos.engine import preflight
from chaos.engine.aborting import Condition, Watch, check_all
from chaos.engine.aborting.making import figure_conditions, outside_conditions
from chaos.engine.active import ActiveRun
from chaos.engine.announcing import Announcer
from chaos.engine.backing_off import BackOff
from chaos.engine.conclusion import PRECEDENCE, ending_of
from chaos.engine.deployment import DEPLOY_WITHIN_S, claim_namespace, deploy
from chaos.engine.folder import make_run_folder
from chaos.engine.holder import whose
from chaos.engine.hooks import Hooks
from chaos.engine.lease import Heartbeat
from chaos.engine.method import carry_out, method_limit_s
from chaos.engine.patience import AFTER_SIGNAL_S, CLEANUP_WITHIN_S, Patience
from chaos.engine.place import Place
from chaos.engine.plan import plan_lines, stretched_note
from chaos.engine.probing import Probing
from chaos.engine.progress import Progress
from chaos.engine.reach import check_host
from chaos.engine.redaction import redacted
from chaos.engine.revisions import Revisions
from chaos.engine.rollback import roll_back
from chaos.engine.target import WatchedTarget
from chaos.engine.undeclared import undeclared
from chaos.engine.unfinished import refuse_on_top
from chaos.errors import (
    ChaosError,
    InconclusiveError,
    InterruptedRunError,
    PreflightError,
    RollbackError,
    SteadyStateError,
)
from chaos.experiment import Experiment, Options
from chaos.model import ClusterEvent, History
from chaos.model.recording import Recorder
from chaos.options.identify import Identify
from chaos.probes import LocalHost, Resolver
from chaos.visible import visible_traceback

_FLUSH_S = 1.0
_LOGIN_WITHIN_S = 5.0
# As whom an identity probe asks; a command line is seen by everybody on the machine.
IDENTIFY_USER, IDENTIFY_PASSWORD = "CHAOS_IDENTIFY_USER", "CHAOS_IDENTIFY_PASSWORD"
# Kubernetes ends the agents so much later than the run should have ended.
_AGENTS_OUTLIVE_S = 300
# What is measured is fetched and closed after the method's end.
_END_WITHIN_S = 60.0
_WATCHED = ("Pod", "EndpointSlice", "StatefulSet", "Service", "PersistentVolumeClaim")
_LOOK_AT_NAMESPACE_S = 5.0
# How often watches are compared with lists: at most so often, and less often where lists are long.
_LOOK_AT_WATCHES_S, _LOOK_PER_OBJECT_S = 5.0, 0.02


@dataclass(slots=True)
class RunResult:
    """What became of a run.

    Attributes:
        error: what ended it early.
        leftovers: what could not be rolled back.
    """

    folder: Path
    history: History
    error: ChaosError | None
    leftovers: list[RollbackError]


@dataclass(slots=True)
class _Begun:
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


class Execution:
    """Runs one experiment once.

    Args:
        reports: the folder below which the run's own is made.
        save: writes the history's head (run.json) at once, so that a crash leaves a folder that can be read.
        shared: whether others on this machine may read the run's folder.
        judge: says how a run ended, as run.json does, from its history and what ended it early; for the after hook.
    """

    def __init__(
        self,
        experiment: Experiment,
        options: Options,
        place: Place,
        reports: Path,
        progress: Progress,
        save: Callable[[Path, History], None],
        *,
        shared: bool = False,
        judge: Callable[[History, ChaosError | None], str] | None = None,
    ) -> None:
        self._experiment = experiment
        self._options = options.with_own(experiment.own_options)
        self._place = place
        self._reports = reports
        self._progress = progress
        self._save = save
        self._shared = shared
        self._judge = judge
        self._clock = RunClock(asyncio.get_running_loop())
        self._body: asyncio.Task[None] | None = None
        self._interrupted = False
        self._patience: Patience | None = None
        self._defects: list[InconclusiveError] = []
        self._cluster: Cluster | None = None
        self._begun: _Begun | None = None

    def interrupt(self) -> None:
        """Stop measuring, roll back, and keep what was recorded. Later calls do nothing."""
        if not self._interrupted and self._body is not None:
            self._interrupted = True
            self._body.cancel()
            if self._patience is not None:
                self._patience.shorten()

    def recovery(self) -> str:
        """The command that undoes what is open now; empty where nothing is, or where it goes with this process."""
        if self._begun is None or self._place.simulated or not self._begun.journal.open_entries():
            return ""
        return self._begun.journal.recovery()

    async def run(self) -> RunResult:
        """Run it. The work is a task of its own, so that an interruption ends it and not the rollback.

        Raises:
            ChaosError: nothing was begun: bad usage, or the preflight failed.
        """
        loop = self._clock.loop
        loop.set_exception_handler(self._defect)
        self._body = asyncio.create_task(self._prepare_and_measure())
        await asyncio.wait([self._body])
        leftovers: list[RollbackError] = []
        try:
            if self._begun is not None:
                self._progress.step("cleaning up")
                leftovers = await self._roll_back(self._begun)
                if self._begun.heartbeat is not None:
                    await self._begun.heartbeat.end()
                await self._announce_end(self._begun, len(leftovers))
        except BaseException:
            if self._begun is not None:
                await self._begun.hooks.after("inconclusive")
            raise
        finally:
            if self._cluster is not None:
                await self._cluster.close()
            loop.set_exception_handler(None)
            gc.unfreeze()  # another run in this process must not inherit what this one leaves
        if (failure := self._place.failure()) is not None:
            self._defects.insert(0, InconclusiveError(f"the sandbox itself failed: {failure!r}"))
        ended = _error_of(self._body)
        found = [e for e in (ended, *self._defects) if e is not None]
        error = min(found, key=lambda e: PRECEDENCE.index(e.exit_code)) if found else None
        if self._begun is None:
            if self._interrupted or error is None:
                raise InterruptedRunError("interrupted before anything was begun")
            raise error
        error = await self._complete(self._begun, error, leftovers)
        await self._run_after_hook(self._begun, error)
        return self._seal(self._begun, error, leftovers)

    async def _announce_end(self, begun: _Begun, left: int) -> None:
        """Only where the namespace is still there."""
        announcer = begun.announcer
        if self._options.namespace:
            await announcer.finish()
            await announcer.undone(begun.recorder.history.wall(self._clock.now_ns()), left)
        if announcer.problem:
            self._progress.warning(f"not all Events could be written to the target: {announcer.problem}")
            begun.recorder.history.meta.measurement["events_problem"] = announcer.problem

    async def _run_after_hook(self, begun: _Begun, error: ChaosError | None) -> None:
        """Whatever became of the run: an alert that stays silenced is worse than a run that failed."""
        if not begun.hooks.due:
            return
        history = begun.recorder.history
        try:
            outcome = self._judge(history, error) if self._judge else str(ending_of(history, []).outcome)
        except Exception as exc:  # noqa: BLE001 - see above; whoever reports meets it again
            outcome = "inconclusive"
            self._progress.warning(f"how the run ended could not be told to the after hook: {exc}")
        failure = await begun.hooks.after(outcome)
        if failure is not None:
            history.meta.measurement["after_hook_failed"] = failure.message
            self._progress.warning(f"{failure.message}; what it was to take back is as the before hook left it")
            if failure.hint:
                self._progress.warning(failure.hint)

    async def _roll_back(self, begun: _Begun) -> list[RollbackError]:
        """Undo everything; whatever ends that early, the run must not look as if nothing were left."""
        self._patience = Patience(self._clock, AFTER_SIGNAL_S if self._interrupted else CLEANUP_WITHIN_S)
        if begun.heartbeat is not None:
            begun.heartbeat.undoing()
        try:
            failures = await roll_back(begun.journal, begun.changes, self._progress, self._patience)
            if begun.mirror is not None and (why := await begun.mirror.settle()):
                failures += self._mirror_left(begun, why)
        except Exception as exc:  # noqa: BLE001 - see above
            if os.environ.get("CHAOS_DEBUG"):
                print(visible_traceback(exc), file=sys.stderr)
            return [
                RollbackError(
                    f"the clean-up was ended by a defect of this tool: {type(exc).__name__}: {exc}",
                    hint=f"finish it with: {begun.journal.recovery()}",
                )
            ]
        else:
            return failures

    def _mirror_left(self, begun: _Begun, why: str) -> list[RollbackError]:
        """It refuses every later run, unless it goes with the run's own namespace; one that says too much does not."""
        told = f"what the cluster has of this run's journal is not up to date: {why}"
        gone = {e.name for e in begun.journal.entries.values() if e.kind == "Namespace" and e.state == "undone"}
        if begun.journal.open_in_cluster() or begun.journal.run.get("namespace") in gone:
            self._progress.warning(told)
            return []
        return [RollbackError(told, hint=f"{self._place.address.recovery()} {begun.run_id}")]

    def _lost(self, why: InconclusiveError) -> None:
        """The run's Lease is gone: it is no longer alone, so it ends."""
        self._defects.append(why)
        if self._body is not None:
            self._body.cancel()

    def _defect(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback raised, such as a prober's: what it should have measured is missing, so nothing may pass."""
        exc = context.get("exception")
        self._defects.append(InconclusiveError(f"a defect of this tool: {context['message']}: {exc!r}"))
        if os.environ.get("CHAOS_DEBUG"):
            print(visible_traceback(exc) if exc else context["message"], file=sys.stderr)

    async def _complete(
        self, begun: _Begun, error: ChaosError | None, leftovers: list[RollbackError]
    ) -> ChaosError | None:
        """Write down what the run found out about itself; returns what ended it early."""
        history = begun.recorder.history
        known = dict(history.meta.measurement)
        if self._interrupted:
            history.status, error = "interrupted", None
        elif error is None or isinstance(error, SteadyStateError):
            history.status = "complete"
        history.meta.measurement = begun.probing.measurement() | known
        if begun.watch.conditions:
            await begun.watch.finish()
            history.meta.measurement["abort_conditions"] = begun.watch.rows()
        if begun.clients is not None and any(begun.clients.counters().values()):
            history.meta.measurement |= begun.clients.counters()
        if self._cluster is not None:
            history.meta.measurement |= self._cost(self._cluster, begun.fleet)
        if leftovers:  # without the hints: a command that joins a node again may hold a password
            history.meta.measurement["not_undone"] = [left.message for left in leftovers]
        elif isinstance(error, RollbackError):
            error.hint = ""  # what a method could not put back was tried again since: `ending_of` says what that means
        drawn = self._place.drawn()
        history.meta.model = [{**row, "drawn": row["name"] in drawn} for row in history.meta.model]
        history.meta.finished_at = history.wall(self._clock.now_ns())
        return error

    def _seal(self, begun: _Begun, error: ChaosError | None, leftovers: list[RollbackError]) -> RunResult:
        """Close the history; a full disk must not hide the first error."""
        history = begun.recorder.history
        begun.journal.close()
        try:
            begun.recorder.close()
        except ChaosError as exc:
            if not self._interrupted:  # that somebody wanted it to end weighs more
                history.status = "incomplete"
            error = error or exc
        return RunResult(begun.recorder.folder, history, error, leftovers)

    @staticmethod
    def _cost(cluster: Cluster, fleet: Fleet | None) -> dict[str, Any]:
        """What the API server had to do for the run; without the bytes of agents' streams, which are counted apart."""
        counted = {
            "api_requests": cluster.requests,
            "api_bytes_sent": cluster.bytes_sent,
            "api_bytes_received": cluster.bytes_received,
            "api_used": {" ".join(filter(None, key)): n for key, n in sorted(cluster.used.items())},
        }
        if fleet is not None:
            sent, received = fleet.traffic()
            counted |= {"exec_bytes_sent": sent, "exec_bytes_received": received}
        return counted

    async def _prepare_and_measure(self) -> None:
        self._progress.step(f"connecting to {self._place.label}")
        self._cluster = await connect(self._place.address, self._options.namespace)
        self._connected(self._cluster)
        found = await preflight.check(self._cluster, self._place, self._experiment, self._options)
        self._experiment = found.experiment
        outside = outside_conditions(self._options, found.cluster, self._clock, found.target.namespace)
        await check_all(outside)
        await self._refuse_on_top(found)
        begun = self._begun = self._begin(found, outside)
        await begun.hooks.before()
        run = ActiveRun(
            self._experiment,
            self._options,
            found.cluster,
            begun.changes,
            self._clock,
            begun.recorder,
            found.target,
            begun.probing,
            self._progress,
            self._clients(found, begun),
            found.guards,
        )
        limit_s = self._limit_s(found)
        try:
            async with asyncio.timeout(limit_s):
                await self._measure(run, found, begun)
        except TimeoutError as exc:
            raise InconclusiveError(f"the run was not over after {limit_s:.0f} s and was ended") from exc

    def _connected(self, cluster: Cluster) -> None:
        """For who wants to hear of requests."""

    async def _refuse_on_top(self, found: preflight.Preflight) -> None:
        """Raises PreflightError: an earlier run is to be undone first; on the sandbox there is none."""
        mirrored = not self._options.local_journal_only
        if self._place.simulated and not mirrored:
            return
        recovery, namespace = self._place.address.recovery(), self._options.namespace
        for note in await refuse_on_top(found.cluster, namespace, self._reports, recovery, mirrored=mirrored):
            self._progress.warning(note)

    def _clients(self, found: preflight.Preflight, begun: _Begun) -> Clients:
        period_s, timeout_s = begun.probing.rates.connect_period_s, self._options.timeout_s
        watched = begun.probing.watched
        begun.clients = Clients(self._dialer(found), self._clock, begun.recorder, watched, period_s, timeout_s)
        return begun.clients

    def _dialer(self, found: preflight.Preflight) -> Dialer:
        vantage, dns = self._place.vantage, found.dns
        resolver = Resolver(vantage, dns.service, self._options.timeout_s)
        return Dialer(vantage, resolver, found.target.namespace, dns.domain)

    async def _check_login(self, run: ActiveRun, target: WatchedTarget) -> None:
        """One question to each pod before many are asked: failing logins may lock an account.

        Raises:
            PreflightError: a pod does not answer, or not to this login.
        """
        kind = Identify.parse(self._options.identify).kind
        for pod in target.pods:
            reply = await run.clients.ask(
                kind, pod.address, target.port, question_of(kind), self._login, timeout_s=_LOGIN_WITHIN_S
            )
            if not reply.ok:
                why = f"{reply.outcome.status} {reply.outcome.detail}".strip()
                raise PreflightError(
                    f"pod {pod.name} does not tell a {kind} client who it is: {why} ({reply.outcome.phase})",
                    hint=f"it is asked as {IDENTIFY_USER} with {IDENTIFY_PASSWORD} say; --port names the port",
                )

    @property
    def _login(self) -> Login:
        user = user_of(Identify.parse(self._options.identify).kind)
        return Login(os.environ.get(IDENTIFY_USER, user), os.environ.get(IDENTIFY_PASSWORD, ""))

    def _local_host(self, found: preflight.Preflight, begun: _Begun) -> LocalHost:
        """Probes in this process, with the client that the target's identity probe wants."""
        identify = Identify.parse(self._options.identify)
        common = (self._place.vantage, self._clock, begun.recorder, found.dns.views, self._options.timeout_s)
        if not identify.by_library:
            return LocalHost(*common)
        return ClientHost(*common, kind=identify.kind, login=self._login, dialer=self._dialer(found))

    def _begin(self, found: preflight.Preflight, outside: Sequence[Condition]) -> _Begun:
        """Make the run's folder and show the plan; still nothing is touched."""
        folder = make_run_folder(self._reports, self._experiment.name, self._clock.started_at, shared=self._shared)
        meta = preflight.run_meta(found, self._place, self._experiment, self._options, self._clock)
        recorder = Recorder(folder, meta)
        run_id = f"{self._experiment.name}-{folder.name}".lower()
        address = self._place.address
        key = Key() if self._place.simulated else user_key(make=True)  # what leaves nothing behind needs no proof
        if key.missing:
            self._progress.warning(f"the undo journal is not signed, so recover believes less of it: {key.missing}")
        journal = Journal.start(
            folder,
            {
                "id": run_id,
                **address.for_journal(),
                "fingerprint": found.cluster.fingerprint,
                "simulated": self._place.simulated,
                **whose(self._clock.started_at, found.target.namespace),
            },
            key.data,
        )
        local = self._options.local_journal_only
        mirror = None if local else Mirror(found.cluster, journal, found.target.namespace)
        changes = Changes(found.cluster, journal, self._clock, run_id, mirror)
        found.cluster.witness = partial(_note_down, recorder, self._clock)
        vantages = found.local + found.agents
        probing = Probing(
            vantages,
            self._clock,
            recorder,
            found.dns,
            found.target,
            self._options,
            self._experiment.probes,
            self._experiment.watched_names,
        )
        rates = probing.rates
        meta.parameters |= {
            "dns_period_s": rates.dns_period_s,
            "connect_period_s": rates.connect_period_s,
            "planned_queries_per_s": round(rates.queries_per_s, 1),
        }
        self._save(folder, recorder.history)
        self._progress.plan(plan_lines(found, self._place, self._experiment, self._options, rates))
        for note in found.notes:
            self._progress.warning(note)
        if rates.stretched:
            self._progress.warning(stretched_note(self._options, rates))
        own = figure_conditions(self._options, recorder, self._clock, probing)
        as_given = {one.text: position for position, one in enumerate(self._options.aborting.conditions)}
        watched = sorted([*outside, *own], key=lambda one: as_given[one.text])
        watch = Watch(watched, self._clock, self._progress)
        wanted = self._options.events
        announcer = Announcer(found.cluster, found.target, run_id, self._clock.started_at, wanted=wanted)
        hooks = self._hooks(found, journal, run_id)
        return _Begun(recorder, journal, changes, probing, run_id, hooks, watch, announcer, mirror)

    def _hooks(self, found: preflight.Preflight, journal: Journal, run_id: str) -> Hooks:
        address = self._place.address
        told = {
            "CHAOS_RUN_ID": run_id,
            "CHAOS_EXPERIMENT": self._experiment.name,
            "CHAOS_NAMESPACE": found.target.namespace,
            "CHAOS_CONTEXT": "sandbox" if self._place.simulated else address.context,
        }
        return Hooks(self._options.hooks, journal, told)

    async def _measure(self, run: ActiveRun, found: preflight.Preflight, begun: _Begun) -> None:
        target, recorder, probing = found.target, begun.recorder, begun.probing

        def saw(event: ClusterEvent) -> None:
            if event.kind == "Service" and event.name != target.service and not begun.changes.made(event.object):
                return  # somebody's of no concern
            recorder.event(event if begun.changes.made(event.object) else redacted(event))
            for told in followers:
                told(event)
            self._progress.event(event.at_ns / 1e9, event)

        fleet = self._fleet(found, begun) if found.agents else None
        followers = [target.saw, probing.saw, begun.announcer.saw, *([fleet.saw] if fleet is not None else [])]
        made = await claim_namespace(
            run, found.cluster, begun.run_id, target.namespace, make=not self._options.namespace
        )
        begun.heartbeat = Heartbeat(found.cluster, self._clock, made, self._lost)
        watchers = [Watcher(found.cluster, self._clock, kind, target.namespace, saw, recorder.gap) for kind in _WATCHED]
        run.look_at_watches, run.announce = partial(_look_at, watchers), begun.announcer.injected
        namespace = NamespaceLooks(found.cluster, self._clock, target.namespace, saw, _LOOK_AT_NAMESPACE_S)
        async with asyncio.TaskGroup() as group:
            revisions = Revisions(found.cluster, self._clock, recorder, target.namespace)
            forever = [watcher.run() for watcher in watchers]
            forever += [namespace.run(), _keep_looking_at(watchers), revisions.keep_asking()]
            forever += [_keep_up(recorder, probing, self._back_off(begun)), begun.announcer.run()]
            background = [group.create_task(one) for one in forever]
            try:
                for watcher in watchers:
                    await watcher.listed.wait()
                async with AsyncExitStack() as hosts:
                    await self._take_places(hosts, group, found, begun, fleet)
                    if target.statefulset:
                        there = bool(self._options.target)
                        self._progress.step(f"{'probing' if there else 'deploying'} {target.statefulset}")
                    clusterips = await deploy(run, self._experiment, target, self._clock)
                    if not self._place.virtual_time:
                        gc.collect()
                        gc.freeze()  # a collection over everything imported would stop the probes for tens of ms
                    if Identify.parse(self._options.identify).by_library:
                        await self._check_login(run, target)
                    probing.begin(clusterips)
                    hosts.callback(probing.end)
                    await hosts.enter_async_context(run.clients)
                    watched = (begun.watch.follow(condition, run.steady) for condition in begun.watch.conditions)
                    background.extend(group.create_task(one) for one in watched)
                    try:
                        await carry_out(self._experiment, run, self._method_limit_s(found), self._still_blocked)
                    except ChaosError:
                        await _look_a_last_time(watchers)
                        raise
                    self._tell_undeclared(found)
                    await _look_a_last_time(watchers)
            finally:
                found.cluster.witness = None  # the clean-up is watched by nobody
                for task in background:
                    task.cancel()

    def _back_off(self, begun: _Begun) -> BackOff:
        allowed = "kube-system" not in self._experiment.needs  # a method with that need makes cluster DNS fail itself
        return BackOff(self._clock, begun.recorder, begun.probing, self._progress, allowed=allowed)

    def _tell_undeclared(self, found: preflight.Preflight) -> None:
        if missing := undeclared(self._experiment, found.cluster.used):
            self._progress.warning(f"another cluster may refuse what uses=… does not name: {', '.join(missing)}")

    def _fleet(self, found: preflight.Preflight, begun: _Begun) -> Fleet:
        return Fleet(
            found.cluster,
            begun.changes,
            self._clock,
            begun.recorder,
            found.target.namespace,
            self._options.agents,
            self._options.pods,
            round(self._limit_s(found)) + _AGENTS_OUTLIVE_S,
            self._progress.warning,
        )

    async def _take_places(
        self,
        hosts: AsyncExitStack,
        group: asyncio.TaskGroup,
        found: preflight.Preflight,
        begun: _Begun,
        fleet: Fleet | None,
    ) -> None:
        """Bring the probes to their vantages; leaving `hosts` fetches what they found and ends them."""
        described: list[dict[str, Any]] = []
        if found.local:
            local = self._local_host(found, begun)
            begun.probing.hosts.append(await hosts.enter_async_context(local))
            described.append({"name": local.name, "node": ""})
        if fleet is not None:
            self._progress.step(f"starting {found.agents} agent(s) in namespace {found.target.namespace}")
            begun.fleet = fleet
            hosts.push_async_callback(fleet.finish)
            await fleet.deploy(found.target.labels)
            await fleet.connect(found.dns.views, self._options.timeout_s)
            for session in fleet.sessions:
                group.create_task(session.keep_talking())
            await self._check_agents(fleet, found)
            begun.probing.hosts.extend(fleet.sessions)
            described.extend(fleet.describe())
            self._progress.step(f"probing from {', '.join(f'{s.name} on {s.node}' for s in fleet.sessions)}")
        begun.recorder.history.meta.environment["vantages"] = described

    @staticmethod
    async def _check_agents(fleet: Fleet, found: preflight.Preflight) -> None:
        """Leave agents out that do not reach cluster DNS, as long as there are others."""
        tried = list(fleet.sessions)
        checks = [check_host(session, f"{session.name} on {session.node}", found.dns) for session in tried]
        problems = await asyncio.gather(*checks, return_exceptions=True)
        for problem in problems:
            if problem is not None and not isinstance(problem, PreflightError):
                raise problem
        if None not in problems:
            raise next(problem for problem in problems if problem is not None)
        for session, problem in zip(tried, problems, strict=True):
            if isinstance(problem, PreflightError):
                await fleet.leave_out(session, problem.message)

    def _limit_s(self, found: preflight.Preflight) -> float:
        """Seconds after which the run is ended, whatever it does."""
        deploy_s = DEPLOY_WITHIN_S + (START_WITHIN_S if found.agents else 0.0)
        return deploy_s + self._method_limit_s(found) + _END_WITHIN_S

    def _method_limit_s(self, found: preflight.Preflight) -> float:
        turns = self._options.most_trials or len(found.target.names) or 1
        return method_limit_s(self._experiment, self._options, turns)

    def _still_blocked(self) -> None:
        """Called from within what blocks; all that is left is to say what helps."""
        recovery = self._begun.journal.recovery() if self._begun else f"chaos recover {self._reports}"
        self._progress.warning(
            f"the method of {self._experiment.name} blocks and does not let itself be ended: "
            f"kill -9 {os.getpid()}, then: {recovery}"
        )


def _note_down(
    recorder: Recorder, clock: RunClock, verb: str, kind: str, name: str, namespace: str, uid: str
) -> Callable[[dict[str, Any] | None], None]:
    """Write down what the run itself changed, so that what somebody else did can be told from it."""
    sent_ns = clock.now_ns()

    def done(answer: dict[str, Any] | None) -> None:
        meta = (answer or {}).get("metadata") or {}
        details = (answer or {}).get("details") or {}  # of a Status
        with suppress(
            InconclusiveError
        ):  # a full disk must not cost the journal what was changed; the next flush tells
            recorder.mark(
                clock.now_ns(),
                WROTE,
                verb=verb,
                kind=kind,
                name=name,
                namespace=namespace,
                uid=str(uid or meta.get("uid") or details.get("uid") or ""),
                version=str(meta.get("resourceVersion") or ""),
                generation=int(meta.get("generation") or 0),
                sent_ns=sent_ns,
                answered=answer is not None,
            )

    return done


async def _look_at(watchers: Sequence[Watcher]) -> bool:
    """Whether all of them had told what there is; one after the other, since probes run meanwhile."""
    return all([await watcher.look() for watcher in watchers if watcher.listed.is_set()])


async def _look_a_last_time(watchers: Sequence[Watcher]) -> None:
    await _look_at(watchers)
    for watcher in watchers:
        watcher.end()


async def _keep_looking_at(watchers: Sequence[Watcher]) -> None:
    while True:
        await asyncio.sleep(max(_LOOK_AT_WATCHES_S, _LOOK_PER_OBJECT_S * sum(watcher.known for watcher in watchers)))
        await _look_at(watchers)


async def _keep_up(recorder: Recorder, probing: Probing, back_off: BackOff) -> None:
    while True:
        await asyncio.sleep(_FLUSH_S)
        recorder.flush()
        back_off.look()
        probing.ask_for_names()
        probing.retire_silent_addresses()
        lost = probing.lost()
        if probing.hosts and len(lost) == len(probing.hosts):
            name, reason = next(iter(lost.items()))
            raise InconclusiveError(
                f"nothing is measured any more: {name} is lost ({reason})"
                + (f", and so are the other {len(lost) - 1} vantages" if len(lost) > 1 else ""),
                hint=f"what was measured before can be read with: chaos report {recorder.folder}",
            )


def _error_of(body: asyncio.Task[None]) -> ChaosError | None:
    """What ended the body, out of the groups that structured concurrency wraps errors in.

    A defect of the tool is an error like any other: what was recorded is kept, and nothing passes.
    """
    exc = None if body.cancelled() else body.exception()
    while isinstance(exc, BaseExceptionGroup):
        exc = next((e for e in exc.exceptions if isinstance(e, ChaosError | BaseExceptionGroup)), exc.exceptions[0])
    if exc is None or isinstance(exc, ChaosError):
        return exc
    if os.environ.get("CHAOS_DEBUG"):
        print(visible_traceback(exc), file=sys.stderr)
    defect = InconclusiveError(f"a defect of this tool: {type(exc).__name__}: {exc}", hint="CHAOS_DEBUG=1 shows where")
    defect.__cause__ = exc
    return defect
