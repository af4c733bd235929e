"""What of runs is in a cluster: under way, or left, where, since when and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.mirror import Mirrors, find_mirrors
from chaos.engine.kept import Open, damaged, open_changes, read_journals, unfinished_journals
from chaos.engine.leftovers import Life, RunLeftovers, find_where_allowed
from chaos.engine.mirrors import mirrored_changes
from chaos.errors import ChaosError


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found.

    Attributes:
        runs: by the label of what they made.
        opened: changes of what no run made, by journals here and mirrors there.
        mirrors: what they were found in.
        unread: journals here that nobody can read.
        only_in: the one namespace that could be looked at; empty: all were.
        unseen: kinds that could not be looked at there.
    """

    runs: list[RunLeftovers]
    opened: list[Open]
    mirrors: Mirrors
    unread: list[ChaosError] = field(default_factory=list)
    only_in: str = ""
    unseen: tuple[str, ...] = ()

    @property
    def under_way(self) -> frozenset[str]:
        """Runs that are surely alive."""
        return frozenset(run.run for run in self.runs if run.life is Life.ALIVE)

    @property
    def is_clear(self) -> bool:
        """Whether nothing is left but by runs that are surely under way, or was made to stay."""
        left = [run for run in self.runs if run.life in (Life.OVER, Life.MAYBE)]
        unread = self.unread or self.mirrors.unread
        return not left and not unread and all(change.run in self.under_way for change in self.opened)


async def look(cluster: Cluster, address: ClusterAddress, reports: Path, namespace: str) -> Standing:
    """Look, without changing anything.

    Args:
        cluster: to be looked at.
        address: of it, for the commands that are named.
        reports: where runs of this machine are kept.
        namespace: that is looked at where not all of the cluster may be.

    Raises:
        ApiError: it may not be read.
    """
    kept = read_journals(reports)
    runs, where, unseen = await find_where_allowed(cluster, kept.journals, frozenset(), namespace)
    mirrors = await find_mirrors(cluster, namespace)
    left = await unfinished_journals(cluster, kept.journals)
    opened = open_changes(left)
    opened += mirrored_changes(mirrors, opened, address)
    opened += damaged(left)
    only_in = where or ("" if mirrors.everywhere else namespace)
    return Standing(runs, opened, mirrors, kept.unread, only_in, tuple(unseen))
