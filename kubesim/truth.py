"""What really happened in the simulated cluster, for tests: what measures the cluster must not read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Fact(NamedTuple):
    """Something true from this instant on.

    `what` is one of:

    - ``dns``: a DNS replica (`where`: its pod's name) changed what it answers for `name` (absolute, lower case, no
      final dot) and type `rtype` to `value`: a sorted tuple of addresses or targets; empty: NXDOMAIN or NODATA.
    - ``kept``: the cache of a DNS replica (`where`) gives what is true of `name` and `rtype` now until the instant in
      `value`, a text of seconds, whatever changes meanwhile.
    - ``serving``: the container of pod `name` at address `where` accepts connections (value ``("yes",)``) or no longer
      does (``()``).
    - ``service``: a ClusterIP service `name` at `where` routes to the addresses in `value`.
    - ``pod``: the pod object `name` with UID `where`: value is one of ``created``, ``scheduled``, ``ready``,
      ``terminating``, ``gone``.
    """

    at_s: float
    what: str
    name: str
    where: str
    value: tuple[str, ...]
    rtype: str = ""


class Truth:
    """Facts in order of time."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def add(self, fact: Fact) -> None:
        self.facts.append(fact)

    def of(self, what: str, name: str = "", where: str = "", rtype: str = "") -> Iterator[Fact]:
        """Facts of one kind, narrowed where an argument is not empty."""
        for fact in self.facts:
            if (
                fact.what == what
                and name in ("", fact.name)
                and where in ("", fact.where)
                and rtype in ("", fact.rtype)
            ):
                yield fact
