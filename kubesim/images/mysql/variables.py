"""System variables: what `@@name` is."""

from __future__ import annotations

from dataclasses import dataclass, field

from kubesim.images.mysql.errors import SqlError

VERSION = "8.0.40"


@dataclass(slots=True)
class Variables:
    """Of one running server.

    Attributes:
        log_base: of the binary log's files; empty where there is no binary log.
    """

    hostname: str
    server_id: int = 1
    read_only: bool = False
    super_read_only: bool = False
    log_base: str = "binlog"
    others: dict[str, int | str] = field(default_factory=dict)

    def get(self, name: str) -> int | str:
        """The value of one.

        Raises:
            SqlError: 1193, there is none of that name.
        """
        known: dict[str, int | str] = {
            "hostname": self.hostname,
            "server_id": self.server_id,
            "read_only": int(self.read_only),
            "super_read_only": int(self.super_read_only),
            "log_bin": int(bool(self.log_base)),
            "port": 3306,
            "version": VERSION,
            "version_comment": "the sandbox's own",
            "autocommit": 1,
            "datadir": "/var/lib/mysql/",
            **self.others,
        }
        if name.lower() not in known:
            raise SqlError(1193, f"Unknown system variable '{name}'")
        return known[name.lower()]

    def set(self, name: str, on: bool) -> None:
        """Set one of those that can be changed; super_read_only brings read_only with it, as in MySQL.

        Raises:
            SqlError: 1193 or 1235.
        """
        name = name.lower()
        if name == "read_only":
            self.read_only = on
            self.super_read_only = self.super_read_only and on
        elif name == "super_read_only":
            self.super_read_only = on
            self.read_only = self.read_only or on
        else:
            self.get(name)
            raise SqlError(1235, f"The sandbox's MySQL cannot change {name}")
