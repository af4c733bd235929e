"""The declarative head of an experiment."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from chaos.errors import UsageError
from chaos.experiment.run import Run

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
PROBES = ("dns", "tcp", "http", "clusterip", "address", "stream")


@dataclass(frozen=True, slots=True)
class Workload:
    """What an experiment deploys and watches.

    Attributes:
        manifests: YAML files beside the experiment, in ``manifests/``, applied in this order.
        statefulset: name of the StatefulSet among them.
        service: name of its governing headless service.
        port: that its containers serve on.
    """

    manifests: tuple[str, ...]
    statefulset: str
    service: str
    port: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """A steady-state hypothesis, what measures it, what is done, and who judges.

    Attributes:
        name: as on the command line.
        hypothesis: the sentence that the verdicts are about.
        workload: what is deployed.
        probes: of `PROBES`.
        checkers: names in `chaos.analysis.checkers`.
        questions: keys in `chaos.analysis.questions`.
        blast_radius: how many pods may be under a fault at the same time.
        timeout_s: seconds that one trial may take in all; the whole run may take that for each trial.
        method: what is done.
        summary: one line, from the module's docstring.
        source: the file that it came from.
    """

    name: str
    hypothesis: str
    workload: Workload
    probes: tuple[str, ...]
    checkers: tuple[str, ...]
    questions: tuple[str, ...]
    blast_radius: int
    timeout_s: float
    method: Callable[[Run], Awaitable[None]]
    summary: str = ""
    source: Path = field(default_factory=Path)

    def validate(self, checkers: frozenset[str], questions: frozenset[str]) -> None:
        """Refuse what cannot work, before anything is touched.

        Args:
            checkers: the names that exist.
            questions: the keys that exist.

        Raises:
            UsageError: says which field, and what it may be.
        """
        self._validate_head()
        for what, given, known in (
            ("probe", self.probes, frozenset(PROBES)),
            ("checker", self.checkers, checkers),
            ("question", self.questions, questions),
        ):
            for name in given:
                if name not in known:
                    raise UsageError(
                        f"experiment {self.name} ({self.source}) names a {what} {name!r} that does not exist",
                        hint=f"known: {', '.join(sorted(known))}",
                    )
        if not self.checkers:
            raise UsageError(f"experiment {self.name} ({self.source}) has no checkers, so it could never fail")
        if not inspect.iscoroutinefunction(self.method):
            raise UsageError(f"experiment {self.name} ({self.source}): method must be an `async def`")
        for manifest in self.workload.manifests:
            if not self.manifest_path(manifest).is_file():
                missing = self.manifest_path(manifest)
                raise UsageError(f"experiment {self.name} names a manifest {manifest!r}, and {missing} is no file")

    def _validate_head(self) -> None:
        """Name and numbers; a user's file may put anything there."""
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.source}: the name {self.name!r} of the experiment cannot be used",
                hint="small letters, digits and dashes, at most 40",
            )
        if type(self.blast_radius) is not int or self.blast_radius < 1:
            raise UsageError(f"experiment {self.name} ({self.source}): blast_radius must be a positive whole number")
        if not isinstance(self.timeout_s, int | float) or not 0 < self.timeout_s < math.inf:
            raise UsageError(f"experiment {self.name} ({self.source}): timeout_s must be a positive number")

    def manifest_path(self, name: str) -> Path:
        """Where a manifest of this experiment lies."""
        return self.source.parent / "manifests" / name
