"""Commands on keys and strings (t_string.c, db.c, expire.c)."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.images.redis.keyspace import Entry, glob
from kubesim.images.redis.reply import OK, RedisError, Reply, Status
from kubesim.images.redis.request import number
from kubesim.images.redis.session import Session

Command = Callable[[Session, list[bytes]], Reply]
_SYNTAX = "ERR syntax error"
_NO_INTEGER = "ERR value is not an integer or out of range"
_NO_KEY, _NO_EXPIRY = -2, -1  # what TTL says instead of a time


def integer(word: bytes) -> int:
    """A number among the arguments.

    Raises:
        RedisError: it is none.
    """
    value = number(word)
    if value is None:
        raise RedisError(_NO_INTEGER)
    return value


def _entry(session: Session, key: bytes) -> Entry | None:
    return session.keyspace.get(session.database, key)


def _value(session: Session, key: bytes) -> bytes | None:
    entry = _entry(session, key)
    return None if entry is None else entry.value


def _get(session: Session, words: list[bytes]) -> Reply:
    return _value(session, words[1])


def _set(session: Session, words: list[bytes]) -> Reply:
    key, value = words[1], words[2]
    options = [word.upper() for word in words[3:]]
    old = _entry(session, key)
    expires_s: float | None = None
    seen: set[bytes] = set()
    while options:
        option = options.pop(0)
        if option in (b"EX", b"PX", b"EXAT", b"PXAT") and options:
            expires_s = _expiry(session, option, options.pop(0), "set")
            option = b"TTL"
        elif option == b"KEEPTTL":
            expires_s = old.expires_s if old else None
            option = b"TTL"
        elif option not in (b"NX", b"XX", b"GET"):
            raise RedisError(_SYNTAX)
        if option in seen and option == b"TTL":
            raise RedisError(_SYNTAX)
        seen.add(option)
    if {b"NX", b"XX"} <= seen:
        raise RedisError(_SYNTAX)
    refused = (b"NX" in seen and old is not None) or (b"XX" in seen and old is None)
    if not refused:
        session.keyspace.set(session.database, key, value, expires_s)
    if b"GET" in seen:
        return None if old is None else old.value
    return None if refused else OK


def _expiry(session: Session, unit: bytes, word: bytes, command: str) -> float:
    """The instant at which a key expires, on the server's clock."""
    if unit in (b"EXAT", b"PXAT"):
        raise RedisError(f"ERR the sandbox does not model {unit.decode()}")
    value = integer(word)
    if value <= 0:
        raise RedisError(f"ERR invalid expire time in '{command}' command")
    return session.keyspace.now_s() + (value / 1000 if unit == b"PX" else value)


def _setex(session: Session, words: list[bytes]) -> Reply:
    command = words[0].decode("latin-1").lower()
    expires_s = _expiry(session, b"PX" if command == "psetex" else b"EX", words[2], command)
    session.keyspace.set(session.database, words[1], words[3], expires_s)
    return OK


def _setnx(session: Session, words: list[bytes]) -> Reply:
    return int(_set(session, [*words, b"NX"]) is OK)


def _getset(session: Session, words: list[bytes]) -> Reply:
    return _set(session, [*words, b"GET"])


def _getdel(session: Session, words: list[bytes]) -> Reply:
    value = _value(session, words[1])
    session.keyspace.delete(session.database, words[1])
    return value


def _mset(session: Session, words: list[bytes]) -> Reply:
    pairs = words[1:]
    if len(pairs) % 2:
        raise RedisError("ERR wrong number of arguments for 'mset' command")
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        session.keyspace.set(session.database, key, value)
    return OK


def _mget(session: Session, words: list[bytes]) -> Reply:
    return [_value(session, key) for key in words[1:]]


def _append(session: Session, words: list[bytes]) -> Reply:
    old = _entry(session, words[1])
    value = (old.value if old else b"") + words[2]
    session.keyspace.set(session.database, words[1], value, old.expires_s if old else None)
    return len(value)


def _strlen(session: Session, words: list[bytes]) -> Reply:
    return len(_value(session, words[1]) or b"")


def _add(session: Session, key: bytes, amount: int) -> Reply:
    old = _entry(session, key)
    value = integer(old.value if old else b"0") + amount
    if not -(2**63) <= value < 2**63:
        raise RedisError("ERR increment or decrement would overflow")
    session.keyspace.set(session.database, key, b"%d" % value, old.expires_s if old else None)
    return value


def _delete(session: Session, words: list[bytes]) -> Reply:
    return sum(session.keyspace.delete(session.database, key) for key in words[1:])


def _exists(session: Session, words: list[bytes]) -> Reply:
    return sum(_entry(session, key) is not None for key in words[1:])


def _type(session: Session, words: list[bytes]) -> Reply:
    return Status("none" if _entry(session, words[1]) is None else "string")


def _keys(session: Session, words: list[bytes]) -> Reply:
    pattern = glob(words[1])
    return [key for key in session.keyspace.keys(session.database) if pattern.fullmatch(key)]


def _dbsize(session: Session, _words: list[bytes]) -> Reply:
    return len(session.keyspace.keys(session.database))


def _flush(session: Session, words: list[bytes]) -> Reply:
    if len(words) > 2 or (len(words) == 2 and words[1].upper() not in (b"SYNC", b"ASYNC")):  # noqa: PLR2004 - one option
        raise RedisError(_SYNTAX)
    everything = words[0].lower() == b"flushall"
    for database in range(len(session.keyspace)) if everything else (session.database,):
        session.keyspace.clear(database)
    return OK


def _ttl(session: Session, words: list[bytes]) -> Reply:
    entry = _entry(session, words[1])
    if entry is None or entry.expires_s is None:
        return _NO_KEY if entry is None else _NO_EXPIRY
    left_ms = round((entry.expires_s - session.keyspace.now_s()) * 1000)
    return left_ms if words[0].lower() == b"pttl" else (left_ms + 500) // 1000


def _expire(session: Session, words: list[bytes]) -> Reply:
    if len(words) > 3:  # noqa: PLR2004 - NX, XX, GT, LT come after the time
        raise RedisError("ERR the sandbox does not model the options of EXPIRE")
    value = integer(words[2])
    entry = _entry(session, words[1])
    if entry is None:
        return 0
    seconds = value / 1000 if words[0].lower() == b"pexpire" else value
    if seconds <= 0:
        session.keyspace.delete(session.database, words[1])
    else:
        session.keyspace.set(session.database, words[1], entry.value, session.keyspace.now_s() + seconds)
    return 1


def _persist(session: Session, words: list[bytes]) -> Reply:
    entry = _entry(session, words[1])
    if entry is None or entry.expires_s is None:
        return 0
    session.keyspace.set(session.database, words[1], entry.value)
    return 1


STRINGS: dict[str, Command] = {
    "append": _append,
    "dbsize": _dbsize,
    "decr": lambda session, words: _add(session, words[1], -1),
    "decrby": lambda session, words: _add(session, words[1], -integer(words[2])),
    "del": _delete,
    "exists": _exists,
    "expire": _expire,
    "flushall": _flush,
    "flushdb": _flush,
    "get": _get,
    "getdel": _getdel,
    "getset": _getset,
    "incr": lambda session, words: _add(session, words[1], 1),
    "incrby": lambda session, words: _add(session, words[1], integer(words[2])),
    "keys": _keys,
    "mget": _mget,
    "mset": _mset,
    "persist": _persist,
    "pexpire": _expire,
    "psetex": _setex,
    "pttl": _ttl,
    "set": _set,
    "setex": _setex,
    "setnx": _setnx,
    "strlen": _strlen,
    "ttl": _ttl,
    "type": _type,
    "unlink": _delete,
}
