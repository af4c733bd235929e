"""One run of a variant, dead at many moments, and each time recovered."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import kubesim
from benchmarks.crash_matrix import recovering
from benchmarks.crash_matrix.crossroads import Crossroads, Death, Fate, KilledError
from benchmarks.crash_matrix.mortal import AFTER, BEFORE, MOMENTS, TORN, mortal, mortal_journals
from benchmarks.crash_matrix.recovering import ELSEWHERE, HERE, MOVED, Recovery
from benchmarks.crash_matrix.variants import Variant
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.signing import user_key
from chaos.engine import begun as beginning
from chaos.engine import execution
from chaos.errors import ChaosError
from kubesim import run_virtual
from tests.sandboxed import run_on
from tests.unchanged import Everything, differences, disturbed, everything, named_by

_SETTLED_S = 60.0  # controllers take taints off, pods come back


@dataclass(slots=True)
class Killed:
    """What became of all deaths of one variant.

    Attributes:
        moments: at which it may have died.
        ended: how the run ended that did not die; empty: without an error.
        itself: what that one left.
    """

    moments: int = 0
    ended: str = ""
    itself: list[str] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """Which deaths are died: at one of so many moments of a run, and at one of so many of each recovery (0: none)."""

    every: int = 1
    first: int = 0
    recoveries: int = 0
    moments: tuple[str, ...] = MOMENTS


class Story:
    """A run of a variant in a folder, in virtual time."""

    def __init__(self, variant: Variant, sample: Sample, base: Path) -> None:
        self._variant, self._sample, self._base = variant, sample, base
        self._reports = base / "reports"
        self._torn: list[tuple[Path, bytes]] = []
        self._roads = Crossroads(self._places, sample.every, sample.first, self._begin)
        self._again: Crossroads | None = None

    def tell(self) -> Killed:
        """All deaths, one after the other."""
        try:
            with self._as_on_a_cluster(), contextlib.redirect_stderr(io.StringIO()):
                return run_virtual(self._whole())
        except BaseException as exc:
            if (death := self._roads.death) is not None:  # a child that came to no end must not go on as its parent
                self._roads.tell([Fate(death.moment, death.number, death.place, left=[f"it failed: {exc!r}"])])
            raise

    def _places(self, moment: str) -> Sequence[str]:
        if moment not in self._sample.moments:
            return ()
        here = (HERE, MOVED)
        return (*here, ELSEWHERE) if self._variant.mirrored and moment in (BEFORE, AFTER) else here

    def _begin(self, death: Death) -> None:
        """In the child: what is on the disk now stays as it is, in a folder of its own."""
        self._keep(self._base / f"{os.getpid()}", death)

    def _keep(self, folder: Path, death: Death) -> None:
        if self._reports.is_dir():
            shutil.copytree(
                self._reports, folder, ignore=lambda _, names: [n for n in names if "." in n and n != JOURNAL]
            )
        folder.mkdir(exist_ok=True)
        before, self._reports = self._reports, folder
        if death.moment == TORN and self._torn:
            path, half = self._torn[-1]
            if not path.is_relative_to(before):
                return  # of a clean-up elsewhere, which the next one does not read
            with (folder / path.relative_to(before)).open("ab") as file:
                file.write(half)

    async def _whole(self) -> Killed:
        async with kubesim.Cluster(seed=1) as sandbox:
            await self._variant.prepare(sandbox)
            before = everything(sandbox.store)
            killed = Killed()
            await self._run(sandbox, killed)
            if self._roads.death is not None:
                await self._afterwards(sandbox, before)
            await asyncio.sleep(_SETTLED_S)
            killed.itself = differences(before, everything(sandbox.store), self._named())
            killed.moments, killed.fates = self._roads.moments, self._roads.fates
            return killed

    async def _run(self, sandbox: kubesim.Cluster, killed: Killed) -> None:
        variant = self._variant
        try:
            with mortal_journals(self._roads, self._torn):
                ran = await run_on(sandbox, self._reports, variant.options, variant.experiment, mirror=variant.mirrored)
            killed.ended = ran.result.error.message if ran.result.error is not None else ""
        except (KilledError, BaseExceptionGroup):
            if self._roads.death is None:
                raise
        except ChaosError as exc:
            killed.ended = exc.message

    async def _afterwards(self, sandbox: kubesim.Cluster, before: Everything) -> None:
        """In a child: recover, and end it."""
        death = self._roads.death
        assert death is not None
        fate = Fate(death.moment, death.number, death.place)
        again = self._again = Crossroads(
            lambda _moment: (death.place,), self._sample.recoveries, death.number, self._begin_again
        )
        try:
            await self._recover(sandbox, before, death.place, fate, again)
        except Exception as exc:  # noqa: BLE001 - it is one more thing that is wrong
            fate.left.append(f"the recovery failed: {exc!r}")
        if again.death is not None:
            again.tell([fate])
        self._roads.tell([fate, *again.fates])

    def _begin_again(self, death: Death) -> None:
        self._keep(self._base / f"{os.getpid()}", death)

    async def _recover(
        self, sandbox: kubesim.Cluster, before: Everything, place: str, fate: Fate, again: Crossroads
    ) -> None:
        recovery = Recovery(sandbox, place, self._base, self._variant.options.namespace)
        await recovery.wait()
        now = everything(sandbox.store)
        fate.told = await recovery.is_told(self._reports)
        if not fate.told:
            fate.untold = disturbed(before, now)
        torn: list[tuple[Path, bytes]] = []
        self._torn = torn
        try:
            with mortal_journals(again, torn):
                fate.left += await recovery.recover(self._reports, again)
        except (KilledError, BaseExceptionGroup):
            if again.death is None:
                raise
            fate.dies, fate.number = f"recovery: {again.death.moment}", again.death.number
            fate.left = await recovery.recover(self._reports, None)
        await asyncio.sleep(_SETTLED_S)
        fate.left += differences(before, everything(sandbox.store), self._named())

    def _named(self) -> Any:
        journals = [Journal.load(path, user_key().data) for path in sorted(self._base.glob(f"reports/*/*/{JOURNAL}"))]
        return named_by([entry for journal in journals for entry in journal.entries.values()])

    @contextlib.contextmanager
    def _as_on_a_cluster(self) -> Iterator[None]:
        """A run on the simulated cluster signs no journal and says of it that nothing of it is left; here one does."""
        start = Journal.start

        def begun(folder: Path, run: dict[str, Any], key: bytes = b"") -> Journal:
            return start(folder, {**run, "simulated": False}, key)

        async def doomed(address: ClusterAddress, namespace: str = "") -> Cluster:
            return mortal(await connect(address, namespace), self._roads)

        with (
            patch.dict(os.environ, XDG_STATE_HOME=str(self._base / "state")),
            patch.object(beginning, "Key", lambda: user_key(make=True)),
            patch.object(execution, "connect", doomed),
            patch.object(Journal, "start", begun),
            recovering.reaching_the_sandbox(),
        ):
            yield


def kill(variant: Variant, sample: Sample) -> Killed:
    """Run one variant once, and have it die at many moments of that."""
    with tempfile.TemporaryDirectory() as base:
        return Story(variant, sample, Path(base)).tell()
