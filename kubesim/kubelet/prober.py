"""Readiness, startup and liveness probes: when they ask, and when they change their mind.

As worker.go of pkg/kubelet/prober (v1.34) does it, whose oddities are kept because they are seen on every cluster:

- A probe ticks from when its pod was first synced, not from the container's start; initialDelaySeconds omits ticks.
- Readiness is asked out of turn whenever the kubelet writes a status with a container that is not ready, and ticks from
  then on. So a container becomes ready as soon as it is seen, but one with a startup probe waits for a tick of that.
- What could not be checked (a command that is not there) is an event and changes nothing.

Of a kubelet that has started just now the first tick has a jitter; those of the simulated cluster have run for long.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from kubesim.fields.pod_state import parse_time
from kubesim.kubelet.container import Container
from kubesim.kubelet.local_pod import LocalPod
from kubesim.kubelet.probe_check import check
from kubesim.kubelet.waiting import Waiting

_PERIOD_S, _SUCCESSES, _FAILURES = 10, 1, 3  # the API's defaults


class Kind(Enum):
    """What a probe is for; the value is its name in events."""

    READINESS = "Readiness"
    LIVENESS = "Liveness"
    STARTUP = "Startup"

    @property
    def field(self) -> str:
        """Of the container's spec."""
        return f"{self.value.lower()}Probe"


# What holds until enough checks in a row say otherwise.
_INITIAL = {Kind.READINESS: False, Kind.LIVENESS: True, Kind.STARTUP: None}


class Prober:
    """One probe of one container, through all its runs.

    Args:
        changed: called with a new verdict, and once for each run of the container with that of a probe that has not
            said anything yet (None: not even that it failed).
    """

    def __init__(
        self,
        pod: LocalPod,
        container: Container,
        kind: Kind,
        changed: Callable[[Container, Kind, bool | None], None],
    ) -> None:
        self._pod, self._container, self.kind, self._changed = pod, container, kind, changed
        self._spec = container.spec[kind.field]
        self._period_s = float(self._spec.get("periodSeconds") or _PERIOD_S)
        self._needed = {
            True: int(self._spec.get("successThreshold") or _SUCCESSES),
            False: int(self._spec.get("failureThreshold") or _FAILURES),
        }
        self._waiting = Waiting(pod.plane.loop)
        self._tick_s = pod.now_s()
        self._triggered_s: float | None = None
        self._run = 0
        self._verdict: bool | None = None
        self._held = False
        self._last: bool | None = None
        self._in_a_row = 0

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            await self._probe()
            self._tick_s += self._period_s
            late_s = self._pod.now_s() - self._tick_s
            self._tick_s += max(0.0, late_s // self._period_s) * self._period_s  # missed ticks: one probe
            await self._until_due()

    def trigger(self) -> None:
        """Ask out of turn, and tick from then on."""
        self._triggered_s = self._pod.now_s() + self._pod.draw("kubelet_probe")
        self._waiting.wake()

    async def _until_due(self) -> None:
        while self._pod.now_s() < (due_s := self._tick_s if self._triggered_s is None else self._triggered_s):
            await self._waiting.sleep(due_s)
        if self._triggered_s is not None:
            self._tick_s, self._triggered_s = self._triggered_s, None

    async def _probe(self) -> None:
        container = self._container
        if not container.seen or not self._pod.running():
            return
        if container.run != self._run:
            self._run, self._held, self._verdict = container.run, False, _INITIAL[self.kind]
            self._changed(container, self.kind, self._verdict)
        # Liveness and readiness probes wait until the startup probe has succeeded, which then is not asked again.
        if self._held or container.started == (self.kind is Kind.STARTUP) or self._is_too_early():
            return
        found = await check(self._pod, container, self._spec)
        if container.run != self._run:
            return
        if found.passed is None:
            self._say(f"probe errored and resulted in unknown state: {found.output}")
            return
        if not found.passed:
            self._say(f"probe failed: {found.output}")
        self._in_a_row = self._in_a_row + 1 if found.passed == self._last else 1
        self._last = found.passed
        if found.passed == self._verdict or self._in_a_row < self._needed[found.passed]:
            return
        self._verdict = found.passed
        if not found.passed and self.kind is not Kind.READINESS:
            self._held, self._in_a_row = True, 0  # the container is killed now: no probe until its next run
        self._changed(container, self.kind, found.passed)

    def _is_too_early(self) -> bool:
        """Whether initialDelaySeconds are not over; `startedAt`, from which they count, has whole seconds."""
        began = self._container.state.get("running", {}).get("startedAt")
        if began is None:
            return False
        age_s = (self._pod.plane.store.clock.wall() - parse_time(began)).total_seconds()
        return int(age_s) < int(self._spec.get("initialDelaySeconds") or 0)

    def _say(self, what: str) -> None:
        self._pod.event("Unhealthy", f"{self.kind.value} {what}", container=self._container, warning=True)
