"""What opens a guard. Each says yes to one thing, and to nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaos.errors import UsageError
from chaos.options.kinds import Flag, Many, RefusedError, Text
from chaos.options.option import Trust, check_group, option
from chaos.options.windows import Window

_UID = re.compile(r"[0-9A-Za-z-]{8,64}")


def _uid(text: str) -> None:
    if not _UID.fullmatch(text):
        raise RefusedError("is no UID; chaos doctor prints it")


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """What is allowed beyond what every run may do."""

    allow_default: bool = option(
        Flag(), False, "The namespace default may be worked in, where it allows experiments.", trust=Trust.NAMED
    )
    cluster_uid: str = option(
        Text("UID", _uid),
        "",
        "The cluster must be this one: the UID of its namespace kube-system. Remembered for the context from then on.",
        trust=Trust.NAMED,
        rivals=("new-cluster",),
    )
    new_cluster: bool = option(
        Flag(),
        False,
        "The cluster is made anew for each job, so it is not compared with the one that the context led to before.",
        trust=Trust.NAMED,
        rivals=("cluster-uid",),
    )
    over_budget: bool = option(
        Flag(), False, "Pods may be taken that a PodDisruptionBudget wants to stay.", trust=Trust.NAMED
    )
    only_in: tuple[str, ...] = option(
        Many("WINDOW", Window.parse),
        (),
        "Faults only in this window, such as 'mon-fri 09:00-17:00 Europe/Berlin'. Repeatable: in any of them.",
    )

    def __post_init__(self) -> None:
        check_group(self)
        if self.cluster_uid and self.new_cluster:
            raise UsageError(
                "--cluster-uid and --new-cluster exclude each other: a cluster that is made anew has another UID",
                hint="leave one of them out",
            )

    @property
    def windows(self) -> tuple[Window, ...]:
        """Of `only_in`."""
        return tuple(Window.parse(text) for text in self.only_in)
