"""What the server says instead of an answer. Numbers and texts: MySQL 8.0's server error reference."""

from __future__ import annotations

ACCESS_DENIED = 1045
UNKNOWN_DATABASE = 1049
UNSUPPORTED = 1235
READ_ONLY = 1290
_STATES = {
    1040: "08004",
    1044: "42000",
    1045: "28000",
    1046: "3D000",
    1047: "08S01",
    1048: "23000",
    1050: "42S01",
    1053: "08S01",
    1054: "42S22",
    1062: "23000",
    1064: "42000",
    1065: "42000",
    1136: "21S01",
    1140: "42000",
    1142: "42000",
    1146: "42S02",
    1227: "42000",
    1235: "42000",
    1264: "22003",
    1406: "22001",
}


class SqlError(Exception):
    """An error that goes to the client.

    Attributes:
        errno: of MySQL.
    """

    def __init__(self, errno: int, message: str) -> None:
        super().__init__(message)
        self.errno = errno
        self.message = message

    def packet(self) -> bytes:
        """The payload of an error packet (protocol 4.1)."""
        state = _STATES.get(self.errno, "HY000")
        return b"\xff" + self.errno.to_bytes(2, "little") + f"#{state}{self.message}".encode()


def unsupported(what: str) -> SqlError:
    """MySQL could do it; kubesim cannot."""
    return SqlError(UNSUPPORTED, f"The sandbox's MySQL does not support {what}")


def syntax(near: str) -> SqlError:
    """It is no SQL."""
    return SqlError(1064, f"You have an error in your SQL syntax near '{near[:80]}'")


def unknown_database(name: str) -> SqlError:
    return SqlError(UNKNOWN_DATABASE, f"Unknown database '{name}'")


def no_database() -> SqlError:
    return SqlError(1046, "No database selected")
