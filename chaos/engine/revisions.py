"""How far the cluster's state had come, asked again and again while something changes.

A watch event arrives after its change, by an unknown time: that bounds the change from above only. A list says at which
resourceVersion it was read, and everything with a later one happened after the list was asked for. So each answer here
bounds the changes after it from below. Objects of all kinds that these experiments watch are counted together, in the
order in which etcd wrote them (the API promises so much of each kind: "Resource version semantics" of its concepts).

It is asked ever more seldom, so that each change is bounded within a twentieth of the time since the run's last write:
some thirty times in the first two seconds, a hundred times in a minute. Once the steady state is reached again nothing
is asked any more, nor before it was reached for the first time.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from chaos.analysis.foreign import WROTE
from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.mirror import MIRROR_NAME
from chaos.errors import ApiError
from chaos.model.recording import Recorder

_KIND = "Pod"
_SHARE = 0.05
_LOOK_S = 0.05
_STEADY = "steady-state"


class Revisions:
    """Asks for one namespace until it is cancelled."""

    def __init__(self, cluster: Cluster, clock: RunClock, recorder: Recorder, namespace: str) -> None:
        self._cluster = cluster
        self._clock = clock
        self._recorder = recorder
        self._namespace = namespace

    async def keep_asking(self) -> None:
        """Ask again and again; without a usable answer the bounds just stay wider."""
        asked_ns = 0
        while True:
            changed_ns, now_ns = self._changed_ns(), self._clock.now_ns()
            if changed_ns is not None and now_ns - max(asked_ns, changed_ns) >= _SHARE * (now_ns - changed_ns):
                asked_ns = now_ns
                await self._ask()
            await asyncio.sleep(_LOOK_S)

    async def _ask(self) -> None:
        sent_ns = self._clock.now_ns()
        with suppress(ApiError):
            revision = await self._cluster.revision(_KIND, self._namespace)
            if revision.isdecimal():
                self._recorder.revision(sent_ns, int(revision))

    def _changed_ns(self) -> int | None:
        """When the run last changed something; None where the state after that was found steady, or none was yet."""
        changed_ns: int | None = None
        for at_ns, what, details in reversed(self._recorder.history.marks):
            if what == WROTE:
                if changed_ns is None and not _is_about_the_run(details):
                    changed_ns = at_ns
            elif what == _STEADY and details["reached"]:
                return changed_ns
        return None


def _is_about_the_run(wrote: dict[str, Any]) -> bool:
    """Whether it changed what tells of the run alone: a Lease is renewed all the time, and nothing follows from it."""
    return wrote["kind"] == "Lease" or (wrote["kind"], wrote["name"]) == ("ConfigMap", MIRROR_NAME)
