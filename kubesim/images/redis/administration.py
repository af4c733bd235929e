"""Commands about the connection and the server (networking.c, config.c, server.c)."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.images.redis.information import information
from kubesim.images.redis.keyspace import glob
from kubesim.images.redis.reference import VERSION, command_count
from kubesim.images.redis.reply import OK, RedisError, Reply, Status, Verbatim
from kubesim.images.redis.request import number
from kubesim.images.redis.session import Session

Command = Callable[[Session, list[bytes]], Reply]
_SYNTAX = "ERR syntax error"
_PROTOCOLS = (2, 3)
_GRAPHIC = range(ord("!"), ord("~") + 1)
_NOTHING_TO_AUTHENTICATE = (
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration "
    "is correct?"
)
_BAD_NAME = "ERR Client names cannot contain spaces, newlines or special characters."


def _ping(_session: Session, words: list[bytes]) -> Reply:
    if len(words) > 2:  # noqa: PLR2004 - one message
        raise RedisError("ERR wrong number of arguments for 'ping' command")
    return words[1] if len(words) > 1 else Status("PONG")


def _echo(_session: Session, words: list[bytes]) -> Reply:
    return words[1]


def _quit(session: Session, _words: list[bytes]) -> Reply:
    session.closing = True
    return OK


def _select(session: Session, words: list[bytes]) -> Reply:
    value = number(words[1])
    if value is None:
        raise RedisError("ERR value is not an integer or out of range")
    if not 0 <= value < len(session.keyspace):
        raise RedisError("ERR DB index is out of range")
    session.database = value
    return OK


def _hello(session: Session, words: list[bytes]) -> Reply:
    protocol = session.protocol
    if len(words) > 1:
        asked = number(words[1])
        if asked is None:
            raise RedisError("ERR Protocol version is not an integer or out of range")
        if asked not in _PROTOCOLS:
            raise RedisError("NOPROTO unsupported protocol version")
        protocol = asked
    options = list(words[2:])
    name = session.name
    while options:
        option = options.pop(0)
        if option.upper() == b"AUTH" and len(options) > 1:
            _login(options.pop(0))
            options.pop(0)
        elif option.upper() == b"SETNAME" and options:
            name = _client_name(options.pop(0))
        else:
            raise RedisError(f"ERR Syntax error in HELLO option '{option.decode('latin-1')}'")
    session.protocol, session.name = protocol, name
    return {
        b"server": b"redis",
        b"version": VERSION.encode(),
        b"proto": protocol,
        b"id": session.id,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


def _login(user: bytes) -> None:
    """There is one user, called default, and any password is right for it."""
    if user != b"default":
        raise RedisError("WRONGPASS invalid username-password pair or user is disabled.")


def _auth(_session: Session, words: list[bytes]) -> Reply:
    if len(words) > 3:  # noqa: PLR2004 - user and password
        raise RedisError(_SYNTAX)
    if len(words) == 2:  # noqa: PLR2004 - a password alone
        raise RedisError(_NOTHING_TO_AUTHENTICATE)
    _login(words[1])
    return OK


def _client_name(word: bytes) -> bytes:
    if not all(char in _GRAPHIC for char in word):
        raise RedisError(_BAD_NAME)
    return word


def _setname(session: Session, words: list[bytes]) -> Reply:
    session.name = _client_name(words[2])
    return OK


def _getname(session: Session, _words: list[bytes]) -> Reply:
    return session.name or None


def _config_get(session: Session, words: list[bytes]) -> Reply:
    settings = session.instance.settings
    found: dict[bytes, Reply] = {}
    for word in words[2:]:
        if word.decode("latin-1").lower() in settings:  # a whole name is repeated as it was written
            found[word] = settings[word.decode("latin-1").lower()].encode()
            continue
        pattern = glob(word.lower())
        found |= {name.encode(): value.encode() for name, value in settings.items() if pattern.fullmatch(name.encode())}
    return found


def _info(session: Session, words: list[bytes]) -> Reply:
    return Verbatim(information(session.instance, [word.decode("latin-1").lower() for word in words[1:]]))


def _shutdown(session: Session, words: list[bytes]) -> Reply:
    ways = {b"SAVE": True, b"NOSAVE": False}
    if len(words) > 2 or (len(words) == 2 and words[1].upper() not in ways):  # noqa: PLR2004 - one option
        raise RedisError(_SYNTAX)
    session.stops.append(ways[words[1].upper()] if len(words) > 1 else None)
    session.closing = True
    return OK


def _swapdb(session: Session, words: list[bytes]) -> Reply:
    indexes = [number(word) for word in words[1:]]
    for index, which in zip(indexes, ("first", "second"), strict=True):
        if index is None:
            raise RedisError(f"ERR invalid {which} DB index")
    if not all(index is not None and 0 <= index < len(session.keyspace) for index in indexes):
        raise RedisError("ERR DB index is out of range")
    raise RedisError("ERR the sandbox does not model the Redis command 'swapdb'")


def _without_multi(_session: Session, words: list[bytes]) -> Reply:
    raise RedisError(f"ERR {words[0].decode('latin-1').upper()} without MULTI")


ADMINISTRATION: dict[str, Command] = {
    "auth": _auth,
    "client|getname": _getname,
    "client|id": lambda session, _words: session.id,
    "client|setname": _setname,
    "command|count": lambda _session, _words: command_count(),
    "config|get": _config_get,
    "discard": _without_multi,
    "echo": _echo,
    "exec": _without_multi,
    "hello": _hello,
    "info": _info,
    "ping": _ping,
    "quit": _quit,
    "role": lambda _session, _words: [b"master", 0, []],
    "select": _select,
    "shutdown": _shutdown,
    "swapdb": _swapdb,
}
