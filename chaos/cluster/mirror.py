"""What a run has to undo, in the cluster itself: for whoever comes after a machine that is gone.

A ConfigMap with the label `MIRROR_LABEL` in the run's namespace. It is written before each change of something that
the run did not make: what it made carries the run's label and is found by that. The namespace may be the run's own,
which it deletes: but last, and only once nothing outside of it is open (`chaos.engine.rollback`).
So from the first such change to its undo there is no moment at which the cluster does not know of it.

Shell commands are not in it, since they may hold a password and many may read a ConfigMap; it says that there was one.

Whoever may write ConfigMaps may write one of these, so what is read from it is believed by nobody: see
`chaos.cluster.undo`.
"""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster, Object
from chaos.cluster.entry import FIX_PREFIX, RUN_LABEL, UndoEntry, is_run_id
from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.line import VERSION, Line, write_line
from chaos.cluster.lines import read_lines
from chaos.cluster.restoring import DNS_NAMESPACE
from chaos.errors import ApiError, UsageError
from chaos.visible import visible

# Not the run's own label: neither a rollback nor `chaos cleanup` must take it for something to be removed.
MIRROR_LABEL = "chaos-identity.io/mirror"
# Always the same, so that a Role can allow it by name: one run works in a namespace at a time, by its Lease.
MIRROR_NAME = "chaos-identity-run"
_KEY = JOURNAL
# The API server takes no ConfigMap of more than a megabyte.
_MOST_BYTES = 900_000
# Of so many bytes; each that is none costs whoever looks time.
_MOST_LINES = 5_000
_NOT_FOUND, _CONFLICT, _FORBIDDEN = 404, 409, 403
# Where a fingerprint is a namespace's: it is not there, or may not be read; 0: no request was made that failed.
_NO_SUCH_NAMESPACE = (0, _FORBIDDEN, _NOT_FOUND)


def is_outside(entry: UndoEntry) -> bool:
    """Whether it is about something that the run did not make, so that no label leads to it."""
    return entry.undo in ("restore", "command")


class Mirror:
    """A run's own.

    Args:
        journal: that it copies.
        namespace: that the run works in.
    """

    def __init__(self, cluster: Cluster, journal: Journal, namespace: str) -> None:
        self._cluster = cluster
        self._journal = journal
        self._namespace = namespace
        self._uid = ""  # of the ConfigMap
        self._text: str | None = ""  # that is in the cluster; None: nobody knows, since a request had no answer
        self._one_at_a_time = asyncio.Lock()

    async def write(self) -> None:
        """Have the cluster know what is open by now; where nothing outside is, there is no mirror.

        Raises:
            ApiError: it could not be written.
        """
        async with self._one_at_a_time:
            text = mirrored(self._journal)
            if text == self._text:
                return
            if len(text) > _MOST_BYTES:
                raise ApiError(f"what is to be undone is more than a ConfigMap holds ({len(text)} bytes)")
            if self._text is None:
                self._uid = await self._find()
            self._text = None
            await (self._put(text) if text else self._remove())
            self._text = text

    async def settle(self) -> str:
        """The same after an undo; returns why it could not be written, empty where it was."""
        try:
            await self.write()
        except ApiError as exc:
            return exc.message
        return ""

    async def _find(self) -> str:
        """The UID of the one that a request made whose answer never came."""
        found, _ = await self._cluster.list("ConfigMap", self._namespace, f"{MIRROR_LABEL}={self._journal.run['id']}")
        return next((str(row["metadata"]["uid"]) for row in found if row["metadata"]["name"] == MIRROR_NAME), "")

    async def _put(self, text: str) -> None:
        if self._uid:
            try:
                patch = {"metadata": {"uid": self._uid}, "data": {_KEY: text}}
                await self._cluster.patch("ConfigMap", MIRROR_NAME, self._namespace, patch)
            except ApiError as exc:
                if exc.status != _NOT_FOUND:
                    raise
            else:
                return
        labels = {MIRROR_LABEL: str(self._journal.run["id"])}
        meta = {"name": MIRROR_NAME, "namespace": self._namespace, "labels": labels}
        made = await self._cluster.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {_KEY: text}}
        )
        self._uid = str(made["metadata"]["uid"])

    async def _remove(self) -> None:
        if not self._uid:
            return
        try:
            await self._cluster.delete("ConfigMap", MIRROR_NAME, self._namespace, uid=self._uid)
        except ApiError as exc:
            if exc.status not in (_NOT_FOUND, _CONFLICT):
                raise
        self._uid = ""


def mirrored(journal: Journal) -> str:
    """What a mirror of a journal holds: the lines of a journal with what is open; empty where nothing outside is."""
    entries = journal.open_in_cluster()  # a hook may hold a password, and nobody else can run it
    if not any(is_outside(entry) for entry in entries):
        return ""
    about = {"id": journal.run["id"], "fingerprint": journal.run["fingerprint"]}
    kept = {name: value for name, value in journal.run.items() if name in ("by", "since", "token", "namespace")}
    rows: list[dict[str, Any]] = [{"run": {**about, **kept}}]
    rows += [{"entry": _without_command(entry).as_row()} for entry in reversed(entries)]
    lines = (Line(row, VERSION, number, about if "entry" in row else None) for number, row in enumerate(rows, 1))
    return b"".join(write_line(line, b"") for line in lines).decode()


def _without_command(entry: UndoEntry) -> UndoEntry:
    if entry.undo != "command":
        return entry
    return replace(entry, command="", change=f"run a command of the operator's on {entry.what}")


class Copy(Journal):
    """What a mirror says: a journal without a file; what becomes of it is in the cluster.

    Attributes:
        name: of the ConfigMap.
        namespace: of it.
        uid: of it.
        made_at: when, by the API server's clock.
        again: the command that goes on with it, where that is known; whoever reads it knows which cluster it is in.
    """

    def __init__(self, found: Object) -> None:
        meta = found["metadata"]
        self.again = ""
        self.name, self.namespace = str(meta["name"]), str(meta.get("namespace", ""))
        self.uid, self.made_at = str(meta["uid"]), str(meta.get("creationTimestamp", ""))
        super().__init__(Path(f"ConfigMap {self.name} in namespace {self.namespace}"), {})
        self._label = str((meta.get("labels") or {}).get(MIRROR_LABEL, ""))

    @classmethod
    def read(cls, found: Object) -> Copy:
        """Read it.

        Raises:
            UsageError: it is no mirror.
        """
        copy = cls(found)
        text = (found.get("data") or {}).get(_KEY)
        if not isinstance(text, str):
            raise UsageError(f"{copy.path} is no mirror of a journal, although it is labelled as one")
        if copy.name != MIRROR_NAME:
            raise UsageError(f"{copy.path} is no run's, although it is labelled so: those are called {MIRROR_NAME}")
        if text.count("\n") > _MOST_LINES:
            raise UsageError(f"{copy.path} is no run's, although it is labelled so: it has more lines than any has")
        copy._take_all(read_lines(text.encode("utf-8", "replace"), b""))
        run_id = copy.run["id"]
        if run_id != copy._label or run_id.startswith(FIX_PREFIX):
            raise UsageError(f"{copy.path} says that it is of run {run_id}, and its label does not")
        return copy

    @property
    def outside(self) -> list[UndoEntry]:
        """What is open and no label leads to."""
        return [entry for entry in self.open_entries() if is_outside(entry)]

    def why_beyond(self, entry: UndoEntry) -> str:
        """Why what it says is no mirror's business; empty where it is."""
        if entry.undo == "hook" or (entry.undo == "command" and entry.command):
            return "runs write no commands there, so this is somebody else's"
        return "it names another run" if entry.run not in ("", self.run["id"]) else ""

    def is_beyond(self, entry: UndoEntry, found: Object) -> bool:
        """Whether a live object that was changed is none of those that whoever writes here may speak of.

        Those are of its own namespace, of the cluster (a node) or its DNS, or the run's own elsewhere.
        """
        labels = found["metadata"].get("labels") or {}
        return entry.namespace not in ("", DNS_NAMESPACE, self.namespace) and labels.get(RUN_LABEL) != self.run["id"]

    @property
    def whose(self) -> str:
        """By whom and since when, as it says itself; for people."""
        run = self.run
        parts = [f"by {run['by']}" if isinstance(run.get("by"), str) else "", f"since {run.get('since', self.made_at)}"]
        return visible(", ".join(part for part in parts if part), line=True)

    def recovery(self, *options: str) -> str:
        """See `Journal.recovery`."""
        again = self.again or ClusterAddress().recovery(str(self.run["id"]))
        return shlex.join([*shlex.split(again), *options])

    def _append(self, row: dict[str, Any], *, durable: bool = True) -> None:
        """Nothing is written here: the mirror goes when all that it says is undone."""


@dataclass(frozen=True, slots=True)
class Mirrors:
    """What was found.

    Attributes:
        copies: that say something.
        odd: what carries their label and is none, for people.
        unread: of those, what has a mirror's name, so that it may be one which is damaged: its namespace, and why.
        everywhere: whether all namespaces were looked at.
    """

    copies: tuple[Copy, ...] = ()
    odd: tuple[str, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    everywhere: bool = True

    @property
    def open(self) -> list[Copy]:
        """Those that say that something is to be undone which no label leads to, or that are damaged."""
        return [copy for copy in self.copies if copy.outside or copy.unfit]

    def recovery(self, address: ClusterAddress, copy: Copy) -> str:
        """The command that recovers one; where not all may be looked at, it says where to look."""
        return address.recovery(str(copy.run["id"]), "" if self.everywhere else copy.namespace)


async def find_mirrors(cluster: Cluster, namespace: str = "", run: str = "") -> Mirrors:
    """Those of a cluster, or, where that may not be read, of one namespace.

    Args:
        cluster: to be looked at.
        namespace: that is looked at where not all may be.
        run: of one run only.

    Raises:
        ApiError: they cannot be read.
    """
    selector = f"{MIRROR_LABEL}={run}" if is_run_id(run) else MIRROR_LABEL
    everywhere = True
    try:
        found, _ = await cluster.list("ConfigMap", "", selector)
    except ApiError as exc:
        if exc.status != _FORBIDDEN:
            raise
        if not namespace:
            exc.hint = "name the namespace in which runs work: --namespace NS"
            raise
        found, _ = await cluster.list("ConfigMap", namespace, selector)
        everywhere = False
    copies, odd, unread = [], [], []
    for row in found:
        try:
            copy = Copy.read(row)
            if await cluster.is_the_one(copy.run["fingerprint"]):
                copies.append(copy)
            else:
                odd.append(f"{copy.path} is of another cluster")
        except UsageError as exc:
            odd.append(exc.message)
            if row["metadata"]["name"] == MIRROR_NAME:
                unread.append((str(row["metadata"]["namespace"]), exc.message))
        except ApiError as exc:
            if exc.may_pass or exc.status not in _NO_SUCH_NAMESPACE:
                raise  # nobody knows, and it may be of this cluster
            odd.append(exc.message)
    return Mirrors(tuple(copies), tuple(odd), tuple(unread), everywhere)


def by_hand(name: str, namespace: str) -> str:
    """The command that takes a mirror away which nothing else does."""
    return shlex.join(["kubectl", "delete", "configmap", name, "-n", namespace])


async def remove_mirror(cluster: Cluster, copy: Copy) -> None:
    """Delete it, if it is still the one that was read.

    Raises:
        ApiError: it could not be deleted.
    """
    try:
        await cluster.delete("ConfigMap", copy.name, copy.namespace, uid=copy.uid)
    except ApiError as exc:
        if exc.status not in (_NOT_FOUND, _CONFLICT):
            raise
