"""What an agent has sampled and the runner does not have yet."""

from __future__ import annotations

from collections import deque

from chaos.agents.protocol import encode, outcome_fields
from chaos.model import Outcome, Samples
from chaos.model.blocks import to_block


class Outbox:
    """Collects samples (it is the probes' sink) and hands them out in numbered batches, kept until acknowledged."""

    def __init__(self) -> None:
        self._ids: dict[Outcome, int] = {}
        self._news: list[tuple[int, Outcome]] = []
        self._fresh: dict[int, Samples] = {}
        self._unacknowledged: deque[tuple[int, bytes]] = deque()
        self._batches = 0

    def outcome_id(self, outcome: Outcome) -> int:
        """See `chaos.probes.Sink`."""
        known = self._ids.get(outcome)
        if known is None:
            known = self._ids[outcome] = len(self._ids)
            self._news.append((known, outcome))
        return known

    def sample(self, series_id: int, scheduled_ns: int, sent_ns: int, received_ns: int, outcome_id: int) -> None:
        """See `chaos.probes.Sink`."""
        samples = self._fresh.get(series_id)
        if samples is None:
            samples = self._fresh[series_id] = Samples()
        samples.append(scheduled_ns, sent_ns, received_ns, outcome_id)

    def take(self, ping: int, until_ns: int) -> bytes | None:
        """A batch of what was sampled since the last one; None where nothing was.

        Args:
            ping: that asked for it.
            until_ns: an instant of the agent's clock after all of them.
        """
        if not self._fresh:
            return None
        self._batches += 1
        batch = encode(
            {
                "batch": self._batches,
                "ping": ping,
                "until": until_ns,
                "outcomes": [[number, outcome_fields(outcome)] for number, outcome in self._news],
                "samples": [to_block(series_id, samples) for series_id, samples in self._fresh.items()],
            }
        )
        self._fresh.clear()
        self._news.clear()
        self._unacknowledged.append((self._batches, batch))
        return batch

    def acknowledged(self, number: int) -> None:
        """The runner has all batches up to this one."""
        while self._unacknowledged and self._unacknowledged[0][0] <= number:
            self._unacknowledged.popleft()

    def unacknowledged(self) -> list[bytes]:
        """Batches to send again after a cut, oldest first."""
        return [batch for _, batch in self._unacknowledged]
