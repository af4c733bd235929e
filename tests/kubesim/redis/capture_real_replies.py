"""Sends every conversation to a real Redis server and writes the bytes of its replies to real_replies.json.

Run it against an empty standalone server of version 7.0 that uses its default settings::

    python -m tests.kubesim.redis.capture_real_replies ADDRESS PORT

With ``--reference`` it also prints what `kubesim/images/redis/reference.json` holds: the server's settings and
commands.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import redis

from tests.kubesim.redis.conversations import CONVERSATIONS, encode

_SILENCE_S = 0.15


def talk(address: str, port: int, requests: tuple[str | bytes, ...]) -> list[str]:
    """The reply to each request of one connection, as latin-1 text; a closed connection replies with nothing."""
    replies = []
    with socket.create_connection((address, port), timeout=_SILENCE_S) as stream:
        for request in requests:
            try:
                stream.sendall(encode(request))
            except OSError:
                replies.append("")
                continue
            replies.append(_read(stream).decode("latin-1"))
    return replies


def _read(stream: socket.socket) -> bytes:
    data = b""
    try:
        while chunk := stream.recv(65536):
            data += chunk
    except (TimeoutError, ConnectionError):
        pass
    return data


def reference(address: str, port: int) -> dict[str, object]:
    """The server's own settings, and the arity of its commands and of their subcommands."""
    client: Any = redis.Redis(address, port, decode_responses=True, driver_info=None, protocol=2)
    names = sorted(client.execute_command("COMMAND LIST"))
    commands: dict[str, int] = {}
    for name in names:
        _, arity, *_, subcommands = client.execute_command("COMMAND INFO", name)[0]
        commands |= {name: arity} | {sub[0]: sub[1] for sub in subcommands}
    return {"settings": dict(sorted(client.config_get().items())), "commands": dict(sorted(commands.items()))}


def main() -> None:
    """Talk and write."""
    address, port = sys.argv[1], int(sys.argv[2])
    replies = {}
    for name, requests in CONVERSATIONS.items():
        talk(address, port, ("FLUSHALL",))
        replies[name] = talk(address, port, requests)
    (Path(__file__).parent / "real_replies.json").write_text(json.dumps(replies, indent=1) + "\n")
    if "--reference" in sys.argv:
        print(json.dumps(reference(address, port), indent=1))


if __name__ == "__main__":
    main()
