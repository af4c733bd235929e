"""Differences between the sandbox and a real cluster that remain; ARCHITECTURE.md shows them as a table.

`python tools/update_decisions.py` writes that table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """A difference that was looked at and left.

    Attributes:
        experiments: pattern of their names.
        difference: pattern of a line of `signature.differences`.
        what: the difference, for people.
        why: it is left.
    """

    experiments: str
    difference: str
    what: str
    why: str

    def covers(self, experiment: str, line: str) -> bool:
        return bool(re.fullmatch(self.experiments, experiment) and re.match(self.difference, line))


DECISIONS: tuple[Decision, ...] = (
    Decision(
        ".*",
        r"error dns TIMEOUT ",
        "Some DNS queries of the sandbox get no answer.",
        "It loses one datagram in 2,000 on purpose (`datagram_loss` among the model's parameters), so that a query "
        "without an answer, which says nothing, is part of every run; realk8s, on one machine, loses hardly any.",
    ),
    Decision(
        "dns-outage",
        r"error (cached|lookup) TIMEOUT ",
        "Without DNS servers a few queries of the real cluster vanish instead of being rejected.",
        "They look like source ports that are used again while connection tracking still leads them to a server that "
        "is gone; that was not proved. A port of the sandbox is always a new one.",
    ),
)
