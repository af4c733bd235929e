"""The places that probes run from: this process, agents in the cluster, clients of real protocols."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from typing import Any

from chaos.agents.fleet import Fleet
from chaos.clients import Clients, Dialer, Login
from chaos.clients.host import ClientHost, question_of, user_of
from chaos.engine.active import ActiveRun
from chaos.engine.begun import Begun, Order
from chaos.engine.preflight import Preflight
from chaos.engine.reach import check_host
from chaos.engine.target import WatchedTarget
from chaos.errors import PreflightError
from chaos.options.identify import Identify
from chaos.probes import LocalHost, Resolver

_LOGIN_WITHIN_S = 5.0
# Login of an identity probe. In variables, since every user of the machine can read a command line.
IDENTIFY_USER, IDENTIFY_PASSWORD = "CHAOS_IDENTIFY_USER", "CHAOS_IDENTIFY_PASSWORD"
# Kubernetes ends the agents so much later than the run should have ended.
_AGENTS_OUTLIVE_S = 300


class Vantages:
    """Those of one run."""

    def __init__(self, order: Order, found: Preflight, begun: Begun) -> None:
        self._order = order
        self._found = found
        self._begun = begun

    def clients(self) -> Clients:
        """Clients of real protocols, which a method may ask."""
        period_s, timeout_s = self._begun.probing.rates.connect_period_s, self._order.options.timeout_s
        watched = self._begun.probing.watched
        self._begun.clients = Clients(
            self.dialer(), self._order.clock, self._begun.recorder, watched, period_s, timeout_s
        )
        return self._begun.clients

    def dialer(self) -> Dialer:
        """Connects as a pod of the run's namespace would: by name, as cluster DNS says it."""
        vantage, dns = self._order.place.vantage, self._found.dns
        resolver = Resolver(vantage, dns.service, self._order.options.timeout_s)
        return Dialer(vantage, resolver, self._found.target.namespace, dns.domain)

    async def check_login(self, run: ActiveRun, target: WatchedTarget) -> None:
        """One question to each pod before many are asked: failing logins may lock an account.

        Raises:
            PreflightError: a pod does not answer, or not to this login.
        """
        kind = Identify.parse(self._order.options.identify).kind
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
        user = user_of(Identify.parse(self._order.options.identify).kind)
        return Login(os.environ.get(IDENTIFY_USER, user), os.environ.get(IDENTIFY_PASSWORD, ""))

    def _local_host(self) -> LocalHost:
        """Probes in this process, with the client that the target's identity probe wants."""
        identify = Identify.parse(self._order.options.identify)
        common = (
            self._order.place.vantage,
            self._order.clock,
            self._begun.recorder,
            self._found.dns.views,
            self._order.options.timeout_s,
        )
        if not identify.by_library:
            return LocalHost(*common)
        return ClientHost(*common, kind=identify.kind, login=self._login, dialer=self.dialer())

    def fleet(self, limit_s: float) -> Fleet:
        """Agents that are not there yet.

        Args:
            limit_s: seconds after which the run is ended.
        """
        return Fleet(
            self._found.cluster,
            self._begun.changes,
            self._order.clock,
            self._begun.recorder,
            self._found.target.namespace,
            self._order.options.agents,
            self._order.options.pods,
            round(limit_s) + _AGENTS_OUTLIVE_S,
            self._order.progress.warning,
        )

    async def take_places(
        self,
        hosts: AsyncExitStack,
        group: asyncio.TaskGroup,
        fleet: Fleet | None,
    ) -> None:
        """Bring the probes to their vantages; leaving `hosts` fetches what they found and ends them."""
        described: list[dict[str, Any]] = []
        if self._found.local:
            local = self._local_host()
            self._begun.probing.hosts.append(await hosts.enter_async_context(local))
            described.append({"name": local.name, "node": ""})
        if fleet is not None:
            where = f"in namespace {self._found.target.namespace}"
            self._order.progress.step(f"starting {self._found.agents} agent(s) {where}")
            self._begun.fleet = fleet
            hosts.push_async_callback(fleet.finish)
            await fleet.deploy(self._found.target.labels)
            await fleet.connect(self._found.dns.views, self._order.options.timeout_s)
            for session in fleet.sessions:
                group.create_task(session.keep_talking())
            await self._check_agents(fleet)
            self._begun.probing.hosts.extend(fleet.sessions)
            described.extend(fleet.describe())
            self._order.progress.step(f"probing from {', '.join(f'{s.name} on {s.node}' for s in fleet.sessions)}")
        self._begun.recorder.history.meta.environment["vantages"] = described

    async def _check_agents(self, fleet: Fleet) -> None:
        """Leave agents out that do not reach cluster DNS, as long as there are others."""
        tried = list(fleet.sessions)
        checks = [check_host(session, f"{session.name} on {session.node}", self._found.dns) for session in tried]
        problems = await asyncio.gather(*checks, return_exceptions=True)
        for problem in problems:
            if problem is not None and not isinstance(problem, PreflightError):
                raise problem
        if None not in problems:
            raise next(problem for problem in problems if problem is not None)
        for session, problem in zip(tried, problems, strict=True):
            if isinstance(problem, PreflightError):
                await fleet.leave_out(session, problem.message)
