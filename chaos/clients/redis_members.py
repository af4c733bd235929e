"""What a member of a Redis Cluster says of itself and the others: CLUSTER NODES and CLUSTER INFO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_FIELDS = 8  # id, address, flags, master, ping, pong, epoch, link; slots follow


@dataclass(frozen=True, slots=True)
class Member:
    """One line of CLUSTER NODES.

    Attributes:
        address: without ports; empty where it is not known.
        hostname: that it announces; empty where it announces none.
        flags: such as ``master`` or ``fail?``, without ``myself``.
        master: whose replica it is, by id; empty for a master.
        slots: ranges that it owns, both ends included; those that move are left out.
    """

    id: str
    address: str
    hostname: str
    flags: tuple[str, ...]
    master: str
    slots: tuple[tuple[int, int], ...]

    @property
    def pod(self) -> str:
        """The first label of its hostname, which is its pod's name."""
        return self.hostname.partition(".")[0]

    @property
    def failing(self) -> bool:
        """Whether the speaker, or all, hold it for failed."""
        return bool({"fail", "fail?"} & set(self.flags))

    @property
    def is_master(self) -> bool:
        """Whether it owns slots, or could."""
        return "master" in self.flags

    def owns(self, slot: int) -> bool:
        """Whether a slot is its own."""
        return any(first <= slot <= last for first, last in self.slots)


def read_members(text: str) -> tuple[Member, ...]:
    """The lines of CLUSTER NODES; lines that are none are left out."""
    return tuple(_member(words) for line in text.splitlines() if len(words := line.split()) >= _FIELDS)


def _member(words: list[str]) -> Member:
    # 10.244.1.5:6379@16379,redis-cluster-0.redis-cluster-internal.shop.svc.cluster.local
    place, _, rest = words[1].partition("@")
    hostname = rest.partition(",")[2].partition(",")[0]
    flags = tuple(flag for flag in words[2].split(",") if flag != "myself")
    ranges = [word.split("-") for word in words[_FIELDS:] if not word.startswith("[")]
    slots = tuple((int(ends[0]), int(ends[-1])) for ends in ranges)
    return Member(words[0], place.rpartition(":")[0], hostname, flags, words[3].strip("-"), slots)


async def ask_members(client: Any) -> tuple[str, tuple[Member, ...]]:
    """``ok`` or ``fail``, which is the cluster's state as one member sees it, and all members that it knows.

    Args:
        client: of that member (`Clients.redis`).

    Raises:
        redis.RedisError: it does not answer.
    """
    client.set_response_callback("CLUSTER NODES", _as_it_is)
    text = await client.execute_command("CLUSTER NODES")
    info = await client.execute_command("CLUSTER INFO")
    return str(info["cluster_state"]), read_members(str(text))


def _as_it_is(response: Any, **_options: Any) -> Any:
    return response
