"""What mysqld is told on its command line."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Known to MySQL and of no consequence here.
_IGNORED = frozenset(
    {
        "bind-address",
        "binlog-format",
        "character-set-server",
        "collation-server",
        "default-authentication-plugin",
        "gtid-mode",
        "log-error-verbosity",
        "max-connections",
        "mysql-native-password",
        "relay-log",
        "report-host",
        "skip-host-cache",
        "skip-name-resolve",
        "sync-binlog",
        "user",
    }
)


class UnknownOptionError(ValueError):
    """It would not start."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Those that matter here.

    Attributes:
        log_base: of the binary log's files; empty: none is written.
    """

    server_id: int = 1
    log_base: str = "binlog"
    read_only: bool = False
    super_read_only: bool = False


def parse(arguments: list[str]) -> ServerOptions:
    """Read ``--name[=value]`` arguments; a dash and an underscore are the same.

    Raises:
        UnknownOptionError: the message is mysqld's.
    """
    found = ServerOptions()
    for argument in arguments:
        name, _, value = argument.removeprefix("--").partition("=")
        key = name.replace("_", "-")
        loose = key.startswith("loose-")
        key = key.removeprefix("loose-")
        if not argument.startswith("--"):
            raise UnknownOptionError(f"Too many arguments (first extra is '{argument}').")
        if key == "server-id" and value.isdigit():
            found = replace(found, server_id=int(value))
        elif key == "log-bin":
            found = replace(found, log_base=value or "binlog")
        elif key in ("skip-log-bin", "disable-log-bin"):
            found = replace(found, log_base="")
        elif key in ("read-only", "super-read-only"):
            on = value.upper() not in ("0", "OFF", "FALSE")
            both = key == "super-read-only"
            found = replace(
                found, read_only=on or found.read_only, super_read_only=on if both else found.super_read_only
            )
        elif key not in _IGNORED and not key.startswith("innodb-") and not loose:
            raise UnknownOptionError(f"unknown variable '{argument.removeprefix('--')}'")
    return found
