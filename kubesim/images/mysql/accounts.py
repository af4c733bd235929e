"""Who may do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1

from kubesim.images.mysql.errors import SqlError

ALL = "ALL"
EVERYWHERE = "*"


@dataclass(slots=True)
class Account:
    """One user, from any host.

    Attributes:
        auth_string: of mysql_native_password: SHA1 of the password's SHA1, in hexadecimal.
        grants: database, or `EVERYWHERE` → privileges.
    """

    name: str
    auth_string: str
    grants: dict[str, set[str]] = field(default_factory=dict)

    @property
    def is_super(self) -> bool:
        """Whether it has every privilege, among them those that read_only does not stop."""
        return ALL in self.grants.get(EVERYWHERE, ())

    def has(self, privilege: str, database: str = EVERYWHERE) -> bool:
        """Whether it may; a global privilege counts for every database."""
        found = self.grants.get(EVERYWHERE, set()) | self.grants.get(database, set())
        return bool({privilege, ALL} & found)

    def sees(self, database: str) -> bool:
        """Whether it may use a database at all."""
        return bool(self.grants.get(EVERYWHERE, set()) - {"USAGE", "REPLICATION SLAVE"} or self.grants.get(database))


def native_hash(password: str) -> str:
    """How mysql_native_password keeps a password; an empty one stays empty."""
    return sha1(sha1(password.encode()).digest()).hexdigest() if password else ""  # noqa: S324 - the protocol's own


def require(account: Account, privilege: str, database: str, table: str) -> None:
    """Refuse what the account may not do with a table.

    Raises:
        SqlError: 1142.
    """
    if not account.has(privilege, database):
        raise SqlError(1142, f"{privilege} command denied to user '{account.name}'@'%' for table '{table}'")


def require_super(account: Account, what: str) -> None:
    """Refuse what only an administrator may do.

    Raises:
        SqlError: 1227.
    """
    if not account.is_super:
        raise SqlError(1227, f"Access denied; you need (at least one of) the {what} privilege(s) for this operation")
