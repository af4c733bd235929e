"""What a command sees: the server, and the client that sends it."""

from __future__ import annotations

from dataclasses import dataclass, field

from kubesim.images.redis.keyspace import Keyspace


@dataclass(slots=True)
class Instance:
    """One run of a server.

    Attributes:
        settings: as CONFIG GET shows them.
        run_id: 40 hexadecimal digits, new for each run.
        started_s: on its keyspace's clock.
        clients: connected now.
        accepted: connections since the start.
        commands: executed since the start.
    """

    settings: dict[str, str]
    keyspace: Keyspace
    run_id: str
    started_s: float
    clients: int = 0
    accepted: int = 0
    commands: int = 0

    @property
    def uptime_s(self) -> int:
        """Whole seconds since its start."""
        return int(self.keyspace.now_s() - self.started_s)


@dataclass(slots=True)
class Session:
    """One client's connection.

    Attributes:
        protocol: of RESP, 2 until HELLO says otherwise.
        closing: the connection ends when the reply is sent.
        stops: the server ends: with a snapshot (True), without (False), as its save points say (None).
    """

    id: int
    instance: Instance
    name: bytes = b""
    database: int = 0
    protocol: int = 2
    closing: bool = False
    stops: list[bool | None] = field(default_factory=list)

    @property
    def keyspace(self) -> Keyspace:
        """The server's keys."""
        return self.instance.keyspace
