"""mysqld in its container: what the image's entrypoint does, the server at port 3306, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from kubesim.containers.environment import environment, hostname
from kubesim.containers.host import ContainerHost
from kubesim.containers.process import Process
from kubesim.containers.signals import Signal
from kubesim.containers.volumes import kept
from kubesim.images.mysql.accounts import ALL, EVERYWHERE, Account, native_hash
from kubesim.images.mysql.data import Data, Event
from kubesim.images.mysql.errors import SqlError
from kubesim.images.mysql.options import ServerOptions
from kubesim.images.mysql.replica import Replica
from kubesim.images.mysql.session import Session
from kubesim.images.mysql.variables import Variables
from kubesim.images.mysql.wire import Connection
from kubesim.store import Object

_PORT = 3306
_LOCK_RETRY_S = 1.0  # os_file_create tries once a second, a hundred times
_DATADIR = "/var/lib/mysql"
_log = logging.getLogger(__name__)


class Mysql(Process):
    """One server.

    Args:
        resolve: name → address as programs in the pod find it; raises LookupError.
    """

    stops_at = frozenset({Signal.TERM, Signal.QUIT})  # mysqld.cc's signal_hand

    def __init__(
        self,
        host: ContainerHost,
        pod: Object,
        container: Object,
        ip: str,
        on_exit: Callable[[int], None],
        options: ServerOptions,
        resolve: Callable[[str], Any],
    ) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._environment = environment(host.store, pod, container, ip)
        self._resolve = resolve
        self._data: Data = kept(host, pod, container, _DATADIR, Data)
        self._variables = Variables(
            hostname(pod), options.server_id, options.read_only, options.super_read_only, options.log_base
        )
        self._rng = host.model.rng(f"mysql challenges of {pod['metadata'].get('uid', '')}")
        self._tasks: set[asyncio.Task[None]] = set()
        self._replica: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()
        self._connections = 0
        self._stopping = False
        self._owns = False

    async def start(self) -> None:
        """Initialize the data directory where it is empty, then open the port."""
        data = self._data
        while data.locked and not self.ended:  # InnoDB waits for the lock of a server that has not ended yet
            await self.run_for(_LOCK_RETRY_S)
        if self.ended:
            return
        self._owns = data.locked = True
        if not data.initialized:
            if "MYSQL_ROOT_PASSWORD" not in self._environment:
                self.message = "Database is uninitialized and password option is not specified"
                self.end(1)
                return
            await self.run_for(self.host.model.draw("mysql_initialize"))
            if self.ended:
                return
            self._initialize()
        await self.run_for(self.host.model.draw("mysql_start"))
        if self.ended:
            return
        data.rotate()
        await self.listen_tcp(_PORT, self._accept)
        if data.source.wanted:
            self._replicate()

    def _initialize(self) -> None:
        """What docker-entrypoint.sh makes on its first start."""
        values = self._environment
        root = Account("root", native_hash(values["MYSQL_ROOT_PASSWORD"]), {EVERYWHERE: {ALL}})
        self._data.accounts["root"] = root
        database = values.get("MYSQL_DATABASE", "")
        if database:
            self._data.databases[database] = {}
        user = values.get("MYSQL_USER", "")
        if user:
            grants = {database: {ALL}} if database else {}
            self._data.accounts[user] = Account(user, native_hash(values.get("MYSQL_PASSWORD", "")), grants)
        self._data.initialized = True

    def stop(self, signal: Signal) -> None:  # noqa: ARG002 - both mean the same to it
        """End connections, close the files, exit."""
        if self._stopping or self.ended:
            return
        self._stopping = True
        self.later(self.host.model.draw("mysql_stop_listening"), self._stop_listening)

    def _stop_listening(self) -> None:
        self.close_ports()
        self._cancel()
        self.later(self.host.model.draw("mysql_exit"), lambda: self.end(0))

    def end(self, code: int) -> None:
        """Stop at once; the data stays where its volume does."""
        super().end(code)
        if self._owns:
            self._owns = self._data.locked = False
        self._cancel()

    def _cancel(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()

    # ---- clients ----

    def _accept(self) -> asyncio.Protocol:
        loop = self.host.loop
        reader = asyncio.StreamReader(loop=loop)

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._connections += 1
            self._spawn(Connection(self, reader, writer, self._connections, self._rng).serve())

        return asyncio.StreamReaderProtocol(reader, connected, loop=loop)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self.host.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            _log.error("the sandbox's mysqld in %s has a defect", self.pod_name, exc_info=exc)
            self.message = f"mysqld got signal 11 ({type(exc).__name__}: {exc})"
            self.end(2)

    # ---- Service: what connections need ----

    def account(self, user: str) -> Account | None:
        """See `kubesim.images.mysql.wire.Service`."""
        return self._data.accounts.get(user)

    def session(self, account: Account, peer: str, connection_id: int) -> Session:
        """See `kubesim.images.mysql.wire.Service`."""
        return Session(
            self._data,
            self._variables,
            account,
            connection_id,
            peer,
            start_replica=self._start_replica,
            stop_replica=self._stop_replica,
            logged=self._logged,
        )

    async def pause(self, delay: str) -> None:
        """See `kubesim.images.mysql.wire.Service`."""
        await asyncio.sleep(self.host.model.draw(delay))

    async def events(self, file: int, position: int, send: Callable[[Event], None]) -> None:
        """See `kubesim.images.mysql.wire.Service`."""
        if not self._variables.log_base:
            raise SqlError(1236, "Binary log is not open")
        number = self._data.events_after(file, position)
        while True:
            for event in self._data.binlog[number:]:
                send(event)
            number = len(self._data.binlog)
            await self._grown.wait()

    def _logged(self) -> None:
        """Wake those who follow the binary log."""
        self._grown.set()
        self._grown = asyncio.Event()

    # ---- replication ----

    def _start_replica(self) -> None:
        self._data.source.wanted = True
        self._data.source.sql_errno, self._data.source.sql_error = 0, ""
        if self._replica is None or self._replica.done():
            self._replicate()

    def _stop_replica(self) -> None:
        self._data.source.wanted = self._data.source.connected = False
        if self._replica is not None:
            self._replica.cancel()
            self._replica = None

    def _replicate(self) -> None:
        applier = self.session(Account("replica", "", {EVERYWHERE: {ALL}}), self.ip, 0)
        applier.replays = True
        open_tcp = partial(self.host.network.open_tcp, source=self.ip)
        replica = Replica(self._data, self._variables, self._resolve, open_tcp, applier, self.pause)
        self._replica = self._spawn(replica.run())
