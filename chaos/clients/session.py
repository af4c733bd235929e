"""One connection of a client library, with every failure's phase kept."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

from chaos.clients.dialer import Dialer, Stream, UnresolvedError
from chaos.model import Outcome
from chaos.model.outcome import EOF, OK, TIMEOUT
from chaos.probes.http import os_error_name

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Login:
    """What a client says of itself. It is never written into a run's folder."""

    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one question.

    Attributes:
        outcome: ``OK``, or what went wrong; phases are ``resolve``, ``connect``, ``handshake``, ``query`` and ``idle``.
            Its values are the rows, their columns joined by tabulators.
        columns: names of the columns; empty where there are no rows.
        rows: their values as texts, NULL as None.
        sent_ns: when the client set out to resolve the name, on the run's clock.
        received_ns: when it had the answer, or gave up.
    """

    outcome: Outcome
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    sent_ns: int = 0
    received_ns: int = 0

    @property
    def ok(self) -> bool:
        return self.outcome.status == OK

    def first(self) -> dict[str, str | None]:
        """The first row by the names of its columns; empty where there is none."""
        return dict(zip(self.columns, self.rows[0], strict=True)) if self.rows else {}


class Session(ABC):
    """A connection that is open; a kind of client subclasses it.

    Args:
        stream: connected already.
        writer: its other direction.
        login: as whom.
    """

    def __init__(self, stream: Stream, writer: asyncio.StreamWriter, login: Login) -> None:
        self.stream = stream
        self.writer = writer
        self.login = login

    @abstractmethod
    async def log_in(self) -> None:
        """Greet the server; errors as the library raises them."""

    @abstractmethod
    async def ask(self, question: str) -> tuple[tuple[str, ...], tuple[Row, ...]]:
        """Ask one question; column names and rows. Errors as the library raises them."""

    @abstractmethod
    def explain(self, error: Exception) -> Outcome | None:
        """The outcome that an error of the library stands for; None where it is none of its errors."""

    def close(self) -> None:
        """Say goodbye as far as the protocol has a word for it, and close without waiting."""
        self.writer.close()


class Attempt:
    """Opens one session and asks on it; says how far it came.

    Attributes:
        phase: that it is in.
        address: that it was led to; empty before.
    """

    def __init__(self, dialer: Dialer, kind: type[Session], login: Login) -> None:
        self.phase = "resolve"
        self.address = ""
        self.session: Session | None = None
        self._dialer = dialer
        self._kind = kind
        self._login = login

    async def open(self, host: str, port: int, timeout_s: float) -> Outcome | None:
        """Resolve, connect, log in; None where all of it went well."""
        try:
            async with asyncio.timeout(timeout_s):
                self.address = await self._dialer.locate(host)
                self.phase = "connect"
                stream, writer = await self._dialer.connect(self.address, port)
                self.session = self._kind(stream, writer, self._login)
                self.phase = "handshake"
                await self.session.log_in()
        except Exception as exc:  # noqa: BLE001 - `_outcome` raises what it does not know
            self.close()
            return self._outcome(exc)
        return None

    async def ask(self, question: str, timeout_s: float) -> Reply:
        """Ask on the open session."""
        assert self.session is not None  # noqa: S101 - `open` went well
        self.phase = "query"
        try:
            async with asyncio.timeout(timeout_s):
                columns, rows = await self.session.ask(question)
        except Exception as exc:  # noqa: BLE001 - as above
            return Reply(self._outcome(exc))
        values = tuple("\t".join("NULL" if value is None else value for value in row) for row in rows)
        return Reply(Outcome(OK, phase="query", values=values, address=self.address), columns, rows)

    def lost(self) -> Outcome:
        """The outcome of a connection that ended while nothing was asked."""
        return Outcome(EOF, phase="idle", address=self.address)

    def close(self) -> None:
        """End the session, if there is one."""
        if self.session is not None:
            self.session.close()

    def _outcome(self, exc: Exception) -> Outcome:
        if isinstance(exc, UnresolvedError):
            return replace(exc.found, phase="resolve", ttl=None)
        if isinstance(exc, TimeoutError) and exc.errno is None:
            return Outcome(TIMEOUT, phase=self.phase, address=self.address)
        if isinstance(exc, OSError):
            return Outcome(os_error_name(exc), phase=self.phase, address=self.address)
        found = self.session.explain(exc) if self.session is not None else None
        if found is None:
            raise exc
        return replace(found, phase=self.phase, address=self.address)


async def ask_once(
    dialer: Dialer, kind: type[Session], login: Login, host: str, port: int, question: str, timeout_s: float
) -> Reply:
    """One connection, one question; the timeout is for each of the two."""
    attempt = Attempt(dialer, kind, login)
    failed = await attempt.open(host, port, timeout_s)
    if failed is not None:
        return Reply(failed)
    try:
        return await attempt.ask(question, timeout_s)
    finally:
        attempt.close()
