"""mysql, MySQL's command line client, as it behaves without a terminal: statements of `-e`, rows as lines with tabs."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass, field

import aiomysql

from kubesim.containers.call import Call
from kubesim.containers.resolver import LookupFailure, addresses
from kubesim.images.mysql.client import Dialed

_PORT = 3306
_LOCAL = ("127.0.0.1", "localhost")
# The client itself would wait for as long as the network lets it.
_SILENT_S = 30.0
_WARNING = "mysql: [Warning] Using a password on the command line interface can be insecure.\n"
_VALUES = {"-h": "host", "-u": "user", "-P": "port", "-D": "database", "-e": "execute"}
_LONG = {"--host": "-h", "--user": "-u", "--port": "-P", "--database": "-D", "--execute": "-e", "--password": "-p"}
# SQLSTATEs of what a client meets here; MySQL's own for all others is HY000.
_STATES = {1044: "42000", 1045: "28000", 1046: "3D000", 1049: "42000", 1064: "42000", 1146: "42S02", 1235: "42000"}


@dataclass(slots=True)
class _Options:
    host: str = "localhost"
    user: str = "root"
    password: str | None = None
    port: str = str(_PORT)
    database: str = ""
    execute: str = ""
    headless: bool = False
    unknown: str = ""
    rest: list[str] = field(default_factory=list)


async def mysql(call: Call) -> int:
    """`mysql [-h HOST] [-u USER] [-pPASSWORD] [-P PORT] [-N] [-B] -e STATEMENTS [DATABASE]`."""
    options = _read(list(call.argv[1:]))
    if options.unknown:
        call.err(f"mysql: [ERROR] unknown option '{options.unknown}'.\n")
        return 2
    if not options.execute:
        call.err("the sandbox's mysql wants its statements with -e\n")
        return 1
    if options.password:
        call.err(_WARNING)
    try:
        return await _run(call, options)
    except LookupFailure:
        call.err(f"ERROR 2005 (HY000): Unknown MySQL server host '{options.host}' (-2)\n")
    except TimeoutError:
        call.err(_unreachable(options, errno.ETIMEDOUT))
    except OSError as exc:
        call.err(_unreachable(options, exc.errno or errno.ETIMEDOUT))
    return 1


def _read(words: list[str]) -> _Options:
    found = _Options()
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name in _LONG:
            word = _LONG[name] + (value if equals else "")
        if word.startswith("-p"):
            found.password = word[2:]
        elif word[:2] in _VALUES:
            setattr(found, _VALUES[word[:2]], word[2:] or (words.pop(0) if words else ""))
        elif word in ("-N", "--skip-column-names"):
            found.headless = True
        elif word not in ("-B", "--batch", "-s", "--silent", "-r", "--raw"):
            if word.startswith("-"):
                found.unknown = word
            found.rest.append(word)
    found.database = found.database or next(iter(found.rest), "")
    return found


def _unreachable(options: _Options, number: int) -> str:
    return f"ERROR 2003 (HY000): Can't connect to MySQL server on '{options.host}:{options.port}' ({number})\n"


async def _run(call: Call, options: _Options) -> int:
    found = [call.inside.ip] if options.host in _LOCAL else await addresses(call.inside, options.host)
    connection = Dialed(
        call.inside.open_tcp,
        host=found[0],
        port=int(options.port) if options.port.isdecimal() else 0,
        user=options.user,
        password=options.password or "",
        db=options.database or None,
    )
    where = ""
    try:
        async with asyncio.timeout(_SILENT_S):
            await connection.connect()
            where = " at line 1"
            async with connection.cursor() as cursor:
                for statement in filter(None, (part.strip() for part in options.execute.split(";"))):
                    await cursor.execute(statement)
                    _print(call, options, cursor.description, await cursor.fetchall() if cursor.description else ())
    except aiomysql.MySQLError as exc:
        number = exc.args[0] if isinstance(exc.args[0], int) else 2013
        call.err(f"ERROR {number} ({_STATES.get(number, 'HY000')}){where}: {exc.args[-1]}\n")
        return 1
    finally:
        connection.close()
    return 0


def _print(
    call: Call,
    options: _Options,
    columns: tuple[tuple[object, ...], ...] | None,
    rows: tuple[tuple[object, ...], ...] | list[tuple[object, ...]],
) -> None:
    """A result with rows, as a pipe gets it; without any row nothing is printed, not even the header."""
    if not columns or not rows:
        return
    if not options.headless:
        call.out("\t".join(str(column[0]) for column in columns) + "\n")
    for row in rows:
        call.out("\t".join("NULL" if value is None else str(value) for value in row) + "\n")
