"""One run at a time in a namespace: a Lease that its run renews, and that says whose it is and since when.

Times in it are by the API server's clock, which all who look can ask: the server says when it made the Lease, and the
run counts on from there. Whose Lease has run out is taken for gone; it is not taken over, since what it did is not
undone: that takes its Lease away too.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chaos.clock import RunClock
from chaos.cluster.changes import Acknowledged
from chaos.cluster.client import Cluster
from chaos.cluster.journal import RUN_LABEL
from chaos.engine.holder import user
from chaos.errors import ApiError, InconclusiveError
from chaos.model.object import Object
from chaos.visible import visible

NAME = "chaos-identity"
RENEW_S, DURATION_S = 10.0, 40
# Limit of one renewal. So short that the Lease survives two unanswered ones, and that none which hangs arrives late and
# writes an old time.
RENEWED_WITHIN_S = 5.0
# Until then a run that is not heard of may only have lost the API server for a while, and go on or roll back later.
_SURELY_OVER_S = 10 * DURATION_S
# The longest duration that is believed: older versions wrote an hour and never renewed it. A longer one could be forged
# to keep all runs out for good.
_MOST_S = 3600.0
# Statuses of a renewal that show that the Lease is gone (404) or was replaced by one with another UID (409, 422).
_ANOTHER_ONE = (404, 409, 422)
_PROCESS = re.compile(r", pid ([1-9][0-9]{0,9}), run ")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a Lease, as far as it says.

    Attributes:
        who: user, machine, process and run.
        run: its label.
        since: when the Lease was made.
        namespace: that it is of.
        silent_s: seconds since it was renewed, by the API server's clock.
        lasts_s: seconds for which it holds without that; 0: it does not say.
    """

    who: str
    run: str
    since: str
    namespace: str
    silent_s: float
    lasts_s: float

    @property
    def is_alive(self) -> bool:
        """Whether it was renewed in time; one that does not say for how long it holds tells nothing."""
        return self.lasts_s > 0 and self.silent_s <= self.lasts_s

    @property
    def may_come_back(self) -> bool:
        """Whether it is silent for a time that a network may be away."""
        return self.silent_s <= max(self.lasts_s, _SURELY_OVER_S if self.lasts_s else 0.0)

    @property
    def is_here(self) -> bool:
        """Whether it is of this machine."""
        return f"@{platform.node()}," in self.who

    @property
    def has_a_process(self) -> bool:
        """Whether another process of this machine has the number that it says, so that it may be the run.

        Then a journal that nobody holds does not tell that the run is over: it may be a copy of the one that it writes.
        It may be another process as well, or what is left of one that nobody waited for.
        """
        number = _PROCESS.search(self.who)
        if not self.is_here or number is None or int(number[1]) == os.getpid():
            return False
        try:
            os.kill(int(number[1]), 0)  # nothing is sent
        except (ProcessLookupError, OverflowError):
            return False
        except OSError:
            return True  # somebody else's
        return True

    def describe(self) -> str:
        """For people."""
        heard = f"heard of {self.silent_s:.0f} s ago" if self.lasts_s else "which does not say whether it lives"
        return f"{self.who or 'somebody'}, since {self.since}, {heard}"


def holder(lease: Object, now_s: float) -> Holder:
    """What a Lease says.

    Args:
        lease: the object.
        now_s: seconds since 1970 by the API server's clock.
    """
    meta, spec = lease["metadata"], lease.get("spec") or {}
    since = str(meta["creationTimestamp"])
    renewed = _seconds(str(spec.get("renewTime") or since))
    if (
        renewed > now_s + DURATION_S
    ):  # in the future: no run writes that, since each takes the time from the server's clock
        renewed = 0.0
    heard = max(_seconds(since), renewed)
    return Holder(
        who=visible(str(spec.get("holderIdentity") or ""), line=True),  # anybody may have written it
        run=str((meta.get("labels") or {}).get(RUN_LABEL, "")),
        since=since,
        namespace=str(meta.get("namespace", "")),
        silent_s=max(0.0, now_s - heard),
        lasts_s=min(_MOST_S, float(spec.get("leaseDurationSeconds") or 0)),
    )


async def holder_of(cluster: Cluster, namespace: str) -> Holder | None:
    """Who holds a namespace now; None: nobody.

    Raises:
        ApiError: it cannot be asked.
    """
    found = await cluster.get("Lease", NAME, namespace)
    if found is None:
        return None
    _, now_s, _ = await cluster.server_date()
    return holder(found, now_s)


def lease_of(run: str, namespace: str) -> Object:
    """The Lease of a run of this process."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "holderIdentity": f"{user()}@{platform.node()}, pid {os.getpid()}, run {run}",
            "leaseDurationSeconds": DURATION_S,
        },
    }


def asleep_s() -> float:
    """Seconds for which this machine was suspended since it was started, which the run's clock does not count."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


class Heartbeat:
    """Renews a Lease until it is ended; its undo is in the journal since it was made.

    Args:
        made: the Lease, as the API server acknowledged it.
        lost: called once where it is no longer this run's, or is not renewed any more: then another may work here.
        asleep: seconds that the clock has not counted, of the past.
    """

    def __init__(
        self,
        cluster: Cluster,
        clock: RunClock,
        made: Acknowledged,
        lost: Callable[[InconclusiveError], None],
        asleep: Callable[[], float] = asleep_s,
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._lost = lost
        meta = made.object["metadata"]
        self._namespace, self._uid = str(meta["namespace"]), str(meta["uid"])
        self._made_at = datetime.fromisoformat(meta["creationTimestamp"]).astimezone(UTC)
        self._made_s = made.accepted_ns / 1e9 + asleep()
        self._asleep = asleep
        self._is_ending = False
        self._task = asyncio.create_task(self._beat())

    def undoing(self) -> None:
        """From now on the Lease may go: the run itself takes it away. Until then it is renewed on."""
        self._is_ending = True

    async def end(self) -> None:
        """Renew it no more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _beat(self) -> None:
        try:
            await self._keep_renewing()
        except Exception as exc:  # noqa: BLE001 - a defect must end the run, and not its rollback or its report
            self._lost(InconclusiveError(f"a defect of this tool: the run's Lease was not renewed any more: {exc!r}"))

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                async with asyncio.timeout(RENEWED_WITHIN_S):
                    await self._renew()
            except TimeoutError:
                continue
            except ApiError as exc:
                if exc.status not in _ANOTHER_ONE:
                    continue  # tried again in time: the Lease still holds
                if not self._is_ending:
                    self._lost(
                        InconclusiveError(
                            f"the Lease {NAME} of this run in namespace {self._namespace} was taken away, so another "
                            "run may work there",
                            hint="chaos cleanup does that where somebody says that the run is over",
                        )
                    )
                return

    async def _renew(self) -> None:
        at = self._made_at + timedelta(seconds=self._clock.now_s() + self._asleep() - self._made_s)
        renewed = {"renewTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        await self._cluster.patch("Lease", NAME, self._namespace, {"metadata": {"uid": self._uid}, "spec": renewed})


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return 0.0  # somebody else wrote it
