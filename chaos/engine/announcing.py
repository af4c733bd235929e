"""Tells in the cluster itself what is done to the target: Events, as `kubectl describe` shows them."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from chaos.cluster.client import Cluster
from chaos.engine.target import WatchedTarget
from chaos.errors import ChaosError
from chaos.model import ClusterEvent, FaultWindow

INJECTED, UNDONE = "ChaosInjected", "ChaosUndone"
REPORTER = "chaos-identity"
# Events are sent so much after a fault, since a request in its first moments would disturb what is measured.
_LATER_S = 1.0
_REQUEST_S = 5.0
# How long the end of a run waits for events that are still to be sent.
_LAST_S = 5.0
_FORBIDDEN = (401, 403)
_MOST_CHARACTERS = 1000  # of a message; the API server takes 1,024
_FROM = "apps/v1"


class Announcer:
    """Sends Events of a run, best effort: it delays nothing and fails nothing.

    Args:
        wanted: else nothing is sent.

    Attributes:
        problem: why one could not be written; empty: all were.
    """

    def __init__(
        self, cluster: Cluster, target: WatchedTarget, run_id: str, started_at: datetime, *, wanted: bool
    ) -> None:
        self.problem = ""
        self._wanted = wanted
        self._cluster = cluster
        self._target = target
        self._run_id = run_id
        self._started_at = started_at
        self._uid = ""  # of the StatefulSet
        self._due: list[tuple[float, dict[str, Any]]] = []
        self._there = asyncio.Event()
        self._forbidden = False
        self._told = False

    def saw(self, event: ClusterEvent) -> None:
        """Take in a watch event: which StatefulSet is the target."""
        if event.kind == "StatefulSet" and event.name == self._target.statefulset and event.type != "DELETED":
            self._uid = event.uid

    def injected(self, window: FaultWindow) -> None:
        """A fault was accepted; it is told a little later."""
        about = self._about(window)
        if not self._wanted or about is None or window.accepted_ns is None:
            return
        message = f"run {self._run_id}: {window.label} (trial {window.trial})"
        at = self._started_at + timedelta(microseconds=window.accepted_ns // 1000)
        self._due.append((asyncio.get_running_loop().time() + _LATER_S, _event(about, INJECTED, message, at)))
        self._there.set()

    async def run(self) -> None:
        """Send what is due, until it is cancelled."""
        while True:
            await self._there.wait()
            while self._due:
                await asyncio.sleep(max(0.0, self._due[0][0] - asyncio.get_running_loop().time()))
                await self._send(self._due[0][1])
                self._due.pop(0)
            self._there.clear()

    async def finish(self) -> None:
        """Send what is left, for a few seconds at most."""
        try:
            async with asyncio.timeout(_LAST_S):
                while self._due:
                    await self._send(self._due.pop(0)[1])
        except TimeoutError:
            self._due.clear()
            self.problem = self.problem or "the API server took too long"

    async def undone(self, at: datetime, left: int) -> None:
        """Announce the end of the rollback at the target; one that the run made itself is gone by then."""
        if not self._told or not self._uid:
            return
        what = f"{left} changes could not be undone" if left else "what it had changed is undone"
        about = {"apiVersion": _FROM, "kind": "StatefulSet", "name": self._target.statefulset, "uid": self._uid}
        await self._send(
            _event({**about, "namespace": self._target.namespace}, UNDONE, f"run {self._run_id}: {what}", at)
        )

    def _about(self, window: FaultWindow) -> dict[str, str] | None:
        namespace = self._target.namespace
        if self._uid:
            named = {"apiVersion": _FROM, "kind": "StatefulSet", "name": self._target.statefulset, "uid": self._uid}
            return {**named, "namespace": namespace}
        for pod in window.targets:
            return {"apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": pod.uid, "namespace": namespace}
        return None

    async def _send(self, event: dict[str, Any]) -> None:
        if self._forbidden:
            return
        try:
            await self._cluster.announce(event, _REQUEST_S)
        except ChaosError as exc:
            if getattr(exc, "reason", "") == "AlreadyExists":  # it was sent before, and nobody heard the answer
                self._told = True
                return
            self._forbidden = getattr(exc, "status", 0) in _FORBIDDEN
            self.problem = self.problem or exc.message
        else:
            self._told = True


def _event(about: dict[str, str], reason: str, message: str, at: datetime) -> dict[str, Any]:
    """Of core/v1: `kubectl describe` of any version shows it beside the object."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{REPORTER}.{uuid.uuid4().hex}", "namespace": about["namespace"]},
        "involvedObject": about,
        "reason": reason,
        "message": message[:_MOST_CHARACTERS],
        "type": "Normal",
        "count": 1,
        "firstTimestamp": text,
        "lastTimestamp": text,
        "source": {"component": REPORTER},
        "reportingComponent": REPORTER,
        "reportingInstance": "",
    }
