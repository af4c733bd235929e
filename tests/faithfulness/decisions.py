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
        ".*",
        r"record PTR ADDRESS ",
        "The reverse name of an address that has lost its pod is denied at the end of a run, or given to its end.",
        "CoreDNS keeps the answer for 30 s from when it looked last; where in these 30 s the pod went is chance, and "
        "nobody asks any more once the address has been silent for a while.",
    ),
    Decision(
        "cross-namespace|multi-tier",
        r"verdict (policy-is-consistent|policies-hold-or-not): ok on the sandbox, unknown on the real cluster$",
        "Whether NetworkPolicies hold is not judged, so that these experiments end INCONCLUSIVE (exit code 4).",
        "The sandbox enforces them; realk8s has no policy engine, and what cannot fail must not pass.",
    ),
    Decision(
        "dns-outage",
        r"error (cached|lookup) TIMEOUT ",
        "Without DNS servers a few queries of the real cluster vanish instead of being rejected.",
        "They look like source ports that are used again while connection tracking still leads them to a server that "
        "is gone; that was not proved. A port of the sandbox is always a new one.",
    ),
    Decision(
        "node-drain|node-loss",
        r"record A web-\d\.web ",
        "Other pods of the set are on the node, so other names go and come.",
        "Which pods are on a node is the scheduler's choice; the sandbox's places them its own way.",
    ),
    Decision(
        "node-loss",
        r"order: .*dns-lost ",
        "When the last DNS server has dropped a name, before or after its pod's successor.",
        "Where a DNS server runs on the node that is cut off, it is heard again only when the node is back; on which "
        "node it runs is chance.",
    ),
    Decision(
        "rolling-update|simultaneous-failure",
        r"error (http|tcp|stream) ECONNREFUSED connect",
        "A few connections of the real cluster are refused in the tens of milliseconds around a deletion.",
        "The server ends at once on SIGTERM, while its name is still given: the kubelet is sometimes faster than "
        "endpoints and DNS on a busy machine. The sandbox's delays leave that window a few milliseconds.",
    ),
    Decision(
        "simultaneous-failure",
        r"order: .*web-parallel-\d ",
        "Pods of one set that are deleted at once end in another order.",
        "Nothing orders them under Parallel; which kubelet is first is chance, and on two busy cores by more than the "
        "race that the suite allows for.",
    ),
)
