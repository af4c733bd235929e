"""Which commands there are, and who executes them."""

from __future__ import annotations

from kubesim.images.redis.administration import ADMINISTRATION
from kubesim.images.redis.reference import arities
from kubesim.images.redis.reply import RedisError, Reply
from kubesim.images.redis.session import Session
from kubesim.images.redis.strings import STRINGS

_SHOWN_ARGUMENTS_CHARS = 128
_COMMANDS = STRINGS | ADMINISTRATION
_NO_CLUSTER = "ERR This instance has cluster support disabled"


def execute(session: Session, words: list[bytes]) -> Reply:
    """The reply to a request of at least one word; failures are replies too."""
    session.instance.commands += 1
    try:
        name = _known(words)
        if name.partition("|")[0] in ("cluster", "readonly", "readwrite", "asking"):
            return RedisError(_NO_CLUSTER)
        command = _COMMANDS.get(name)
        if command is None:
            return RedisError(f"ERR the sandbox does not model the Redis command '{name.replace('|', ' ')}'")
        return command(session, words)
    except RedisError as exc:
        return exc


def _known(words: list[bytes]) -> str:
    """The command's full name, such as ``get`` or ``config|get``.

    Raises:
        RedisError: there is none, or it has another number of words.
    """
    name = words[0].decode("latin-1")
    full = name.lower()
    if full not in arities() or "|" in full:
        raise RedisError(f"ERR unknown command '{name}', with args beginning with: {_shown(words[1:])}")
    if len(words) > 1 and any(known.startswith(f"{full}|") for known in arities()):
        full = f"{full}|{words[1].decode('latin-1').lower()}"
        if full not in arities():
            raise RedisError(f"ERR unknown subcommand '{words[1].decode('latin-1')}'. Try {name.upper()} HELP.")
    arity = arities()[full]
    if len(words) < -arity or (arity > 0 and len(words) != arity):
        raise RedisError(f"ERR wrong number of arguments for '{full}' command")
    return full


def _shown(words: list[bytes]) -> str:
    """As much of the arguments as the server repeats."""
    shown = ""
    for word in words:
        if len(shown) >= _SHOWN_ARGUMENTS_CHARS:
            break
        shown += f"'{word.decode('latin-1')[: _SHOWN_ARGUMENTS_CHARS - len(shown)]}' "
    return shown
