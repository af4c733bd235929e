"""What goes on beside a method: watches are looked at, what was measured is written down, changes are noted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from chaos.analysis.foreign import WROTE
from chaos.clock import RunClock
from chaos.cluster.watch import Watcher
from chaos.engine.backing_off import BackOff
from chaos.engine.probing import Probing
from chaos.errors import InconclusiveError
from chaos.model.recording import Recorder

_FLUSH_S = 1.0
# How often watches are compared with lists: at most so often, and less often where lists are long.
_LOOK_AT_WATCHES_S, _LOOK_PER_OBJECT_S = 5.0, 0.02


def note_down(
    recorder: Recorder, clock: RunClock, verb: str, kind: str, name: str, namespace: str, uid: str
) -> Callable[[dict[str, Any] | None], None]:
    """Write down what the run itself changed, so that what somebody else did can be told from it."""
    sent_ns = clock.now_ns()

    def done(answer: dict[str, Any] | None) -> None:
        meta = (answer or {}).get("metadata") or {}
        details = (answer or {}).get("details") or {}  # of a Status
        # A full disk is reported by the recorder's next flush; raised here it would keep the change out of the journal.
        with suppress(InconclusiveError):
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


async def look_at(watchers: Sequence[Watcher]) -> bool:
    """Whether all of them had told what there is; one after the other, since probes run meanwhile."""
    return all([await watcher.look() for watcher in watchers if watcher.listed.is_set()])


async def look_a_last_time(watchers: Sequence[Watcher]) -> None:
    """The same, and tell them that nothing more is to come."""
    await look_at(watchers)
    for watcher in watchers:
        watcher.end()


async def keep_looking_at(watchers: Sequence[Watcher]) -> None:
    """The same from time to time, until it is cancelled."""
    while True:
        await asyncio.sleep(max(_LOOK_AT_WATCHES_S, _LOOK_PER_OBJECT_S * sum(watcher.known for watcher in watchers)))
        await look_at(watchers)


async def keep_up(recorder: Recorder, probing: Probing, back_off: BackOff) -> None:
    """Each second: write down, look after the load, and after series and vantages that are silent.

    Raises:
        InconclusiveError: no vantage is left.
    """
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
