"""The server's process: starts from its command line, loads what its volume holds, saves at SIGTERM, and ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from kubesim.containers.host import ContainerHost
from kubesim.containers.process import Process
from kubesim.containers.signals import Signal
from kubesim.containers.volumes import kept
from kubesim.images.redis.connection import RedisConnection
from kubesim.images.redis.keyspace import Entry, Keyspace
from kubesim.images.redis.session import Instance, Session
from kubesim.images.redis.settings import StartError, read_settings
from kubesim.store import Object

_DUMP, _APPEND_ONLY = "dump.rdb", "appendonlydir"
_FIRST_CLIENT_ID = 3  # of a server of the recorded version that was just started


@dataclass(slots=True)
class Folder:
    """Name → what a file of the server's folder holds."""

    files: dict[str, list[dict[bytes, Entry]]] = field(default_factory=dict)


class RedisServer(Process):
    """A standalone server. Snapshots are written at SIGTERM and SHUTDOWN only, not while it runs.

    Args:
        arguments: of its command line.
        read_file: text of a file in the container; None where it is missing.
    """

    stops_at = frozenset({Signal.TERM, Signal.INT})

    def __init__(
        self,
        host: ContainerHost,
        pod: Object,
        container: Object,
        ip: str,
        on_exit: Callable[[int], None],
        arguments: list[str],
        read_file: Callable[[str], str | None],
    ) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._arguments = arguments
        self._read_file = read_file
        self._find_folder: Callable[[str], Folder] = lambda path: kept(host, pod, container, path, Folder)
        self._uid: str = pod["metadata"].get("uid", "")
        self._next_id = count(_FIRST_CLIENT_ID).__next__
        self._stopping = False
        self._folder: Folder
        self._instance: Instance

    async def start(self) -> None:
        """Load and open the port."""
        try:
            settings = read_settings(self._arguments, self._read_file)
        except StartError as exc:
            self.message = str(exc)
            self.log.write(f"\n{exc}\n")
            self.end(1)
            return
        await self.run_for(self.host.model.draw("redis_start"))
        if self.ended:
            return
        self._folder = self._find_folder(settings["dir"])
        self._instance = self._load(settings)
        await self.listen_tcp(int(settings["port"]), self._connection)
        if not self.ended:
            self._say("# Server initialized")
            self._say("* Ready to accept connections")

    def stop(self, signal: Signal) -> None:  # noqa: ARG002 - both mean the same to it
        """Save and end."""
        if not self._stopping:
            self._stopping = True
            self.later(self.host.model.draw("redis_exit"), lambda: self._stop(None))

    def _load(self, settings: dict[str, str]) -> Instance:
        keyspace = Keyspace(self.host.clock.now_s, int(settings["databases"]))
        # With appendonly an existing dump.rdb is not read (aof.c, since 7.0).
        keyspace.load(self._folder.files.get(_APPEND_ONLY if settings["appendonly"] == "yes" else _DUMP, []))
        now_s = self.host.clock.now_s()
        run_id = hashlib.sha1(f"{self._uid}/{now_s}".encode(), usedforsecurity=False).hexdigest()
        return Instance(settings, keyspace, run_id, now_s)

    def _connection(self) -> RedisConnection:
        instance = self._instance
        instance.clients += 1
        instance.accepted += 1
        return RedisConnection(Session(self._next_id(), instance), self._changed, self._stop, self._lost)

    def _lost(self) -> None:
        self._instance.clients -= 1

    def _changed(self) -> None:
        """With appendonly everything is in the kernel's hands before the reply leaves."""
        if self._instance.settings["appendonly"] == "yes":
            self._folder.files[_APPEND_ONLY] = self._instance.keyspace.dump()

    def _stop(self, save: bool | None) -> None:
        """SHUTDOWN, by whatever way."""
        if self.ended or not hasattr(self, "_instance"):
            self.end(0)
            return
        self._say("# User requested shutdown...")
        if save or (save is None and self._instance.settings["save"]):
            self._say("* Saving the final RDB snapshot before exiting.")
            self._folder.files[_DUMP] = self._instance.keyspace.dump()
            self._say("* DB saved on disk")
        self._say("# Redis is now ready to exit, bye bye...")
        self.end(0)

    def _say(self, text: str) -> None:
        """A line of its log, as the real one writes it of PID 1."""
        at = self.host.clock.wall()
        self.log.write(f"1:M {at:%d %b %Y %H:%M:%S}.{at.microsecond // 1000:03d} {text}\n")
