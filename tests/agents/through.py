"""A run whose probes are in agents of this process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any

from chaos.agents.fleet import Fleet
from chaos.agents.session import AgentSession
from chaos.engine.begun import Begun, Order
from chaos.engine.execution import Execution
from chaos.engine.preflight import Preflight
from chaos.engine.vantages import Vantages
from chaos.vantage import Vantage
from tests.agents.memory import Agent


def through(
    agents: Callable[[Vantage], Iterator[Agent]],
    mishap: Callable[[int, Agent], Coroutine[Any, Any, None]],
    *,
    nodes_are_known: bool = False,
) -> type[Execution]:
    """The execution whose probes are in these agents: ``agent-0`` on ``node-0``, and so on.

    Args:
        agents: that probe, of the vantage of this process; each is made when the one before is at work.
        mishap: what happens meanwhile to the agent of that number.
        nodes_are_known: whether the run's environment names the nodes.
    """

    class Remote(Vantages):
        async def take_places(self, hosts: AsyncExitStack, group: asyncio.TaskGroup, fleet: Fleet | None) -> None:
            del fleet
            names, order, begun = [], self._order, self._begun
            for number, agent in enumerate(agents(order.place.vantage)):
                name, node = f"agent-{number}", f"node-{number}"
                session = AgentSession(name, node, agent.open, order.clock, begun.recorder, lambda: "")
                hosts.push_async_callback(agent.end)
                hosts.push_async_callback(session.finish)
                await session.start(self._found.dns.views, order.options.timeout_s)
                group.create_task(session.keep_talking())
                begun.probing.hosts.append(session)
                hosts.callback(group.create_task(mishap(number, agent)).cancel)
                names.append({"name": name, "node": node if nodes_are_known else ""})
            begun.recorder.history.meta.environment["vantages"] = names

    class Through(Execution):
        def _vantages(self, order: Order, found: Preflight, begun: Begun) -> Vantages:
            return Remote(order, found, begun)

    return Through


async def cut_now_and_then(agent: Agent, rng: random.Random, least_s: float, most_s: float) -> None:
    """Cut its stream again and again, after a random time each."""
    while True:
        await asyncio.sleep(rng.uniform(least_s, most_s))
        agent.streams[-1].cut()
