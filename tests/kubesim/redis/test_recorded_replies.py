"""The simulated Redis server against what a real one (7.0.15) replied to the same conversations, byte for byte."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from kubesim.virtual import run_virtual
from tests.kubesim.containers.container_lab import REDIS, ContainerLab
from tests.kubesim.network.net_lab import POD
from tests.kubesim.redis.conversations import CONVERSATIONS, encode

_REAL: dict[str, list[str]] = json.loads((Path(__file__).parent / "real_replies.json").read_text())
# What is another one each time, and says nothing: a client's number.
_CLIENT_ID = re.compile(r"(?<=\$2\r\nid\r\n:)\d+")
# The order of settings and keys is that of a hash table with a random seed.
_UNORDERED = ("config", "keys")


async def _talk(requests: tuple[str | bytes, ...]) -> list[str]:
    """As `capture_real_replies.talk`, with its pauses."""
    lab = ContainerLab()
    await lab.start(REDIS)
    received = bytearray()

    class Client(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            received.extend(data)

    transport = await lab.net.open_tcp(Client, POD, 6379)
    replies = []
    for request in requests:
        received.clear()
        transport.write(encode(request))
        await asyncio.sleep(0.15)
        replies.append(received.decode("latin-1"))
    transport.close()
    return replies


def _comparable(name: str, replies: list[str]) -> list[str]:
    texts = [_CLIENT_ID.sub("N", reply) for reply in replies]
    return ["".join(sorted(text.split("$"))) for text in texts] if name in _UNORDERED else texts


@pytest.fixture(scope="module")
def simulated() -> dict[str, list[str]]:
    async def main() -> dict[str, list[str]]:
        return {name: await _talk(requests) for name, requests in CONVERSATIONS.items()}

    return run_virtual(main())


def test_every_conversation_was_recorded() -> None:
    assert {name: len(said) for name, said in CONVERSATIONS.items()} == {n: len(r) for n, r in _REAL.items()}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_it_replies_as_the_real_one_did(simulated: dict[str, list[str]], name: str) -> None:
    assert _comparable(name, simulated[name]) == _comparable(name, _REAL[name])
