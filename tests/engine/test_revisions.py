"""How often the cluster is asked how far its state had come."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, cast

from chaos.analysis.foreign import WROTE
from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.mirror import MIRROR_NAME
from chaos.engine.revisions import Revisions
from chaos.model.recording import Recorder
from kubesim import run_virtual


class Asked:
    """A cluster that counts questions."""

    times = 0

    async def revision(self, _kind: str, _namespace: str) -> str:
        self.times += 1
        return str(self.times)


class Recording:
    """What a recorder has of it."""

    def __init__(self) -> None:
        self.history = self
        self.marks: list[tuple[int, str, dict[str, Any]]] = []

    def revision(self, _sent_ns: int, _revision: int) -> None: ...


def test_after_the_steady_state_a_renewed_lease_and_a_mirror_are_no_change_to_ask_about() -> None:
    async def story() -> None:
        asked, recording, clock = Asked(), Recording(), RunClock(asyncio.get_running_loop())
        revisions = Revisions(cast("Cluster", asked), clock, cast("Recorder", recording), "ns")
        asking = asyncio.create_task(revisions.keep_asking())
        for what, details, times in (
            ("steady-state", {"reached": True}, 0),
            (WROTE, {"kind": "Lease", "name": "chaos-identity"}, 0),
            (WROTE, {"kind": "ConfigMap", "name": MIRROR_NAME}, 0),
            (WROTE, {"kind": "Pod", "name": "web-0"}, 2),
        ):
            recording.marks.append((clock.now_ns(), what, details))
            await asyncio.sleep(5)
            assert asked.times >= times if times else asked.times == 0
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking

    run_virtual(story())
