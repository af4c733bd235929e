"""What INFO says, as far as it is known here: sections and fields that would have to be invented are left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubesim.images.redis.reference import VERSION
from kubesim.images.redis.reply import RedisError
from kubesim.images.redis.session import Instance

_NOT_MODELLED = frozenset({"commandstats", "cpu", "errorstats", "latencystats", "memory", "modules"})
_ALL = frozenset({"all", "default", "everything"})


def information(instance: Instance, wanted: list[str]) -> str:
    """The text of these sections; none: all that are shown by default.

    Raises:
        RedisError: a section is asked for that kubesim does not model.
    """
    for section in wanted:
        if section in _NOT_MODELLED:
            raise RedisError(f"ERR the sandbox does not model the section {section!r} of INFO")
    chosen = _SECTIONS if not wanted or _ALL & set(wanted) else {k: v for k, v in _SECTIONS.items() if k in wanted}
    texts = []
    for name, fields in chosen.items():
        lines = [f"# {name.capitalize()}", *(f"{key}:{value}" for key, value in fields(instance).items())]
        texts.append("".join(f"{line}\r\n" for line in lines))
    return "\r\n".join(texts)


def _server(instance: Instance) -> dict[str, Any]:
    return {
        "redis_version": VERSION,
        "redis_mode": "standalone",
        "arch_bits": 64,
        "run_id": instance.run_id,
        "tcp_port": instance.settings["port"],
        "uptime_in_seconds": instance.uptime_s,
        "uptime_in_days": instance.uptime_s // 86400,
        "hz": instance.settings["hz"],
        "configured_hz": instance.settings["hz"],
    }


def _clients(instance: Instance) -> dict[str, Any]:
    return {"connected_clients": instance.clients, "maxclients": instance.settings["maxclients"], "blocked_clients": 0}


def _persistence(instance: Instance) -> dict[str, Any]:
    return {
        "loading": 0,
        "rdb_changes_since_last_save": instance.keyspace.changes,
        "aof_enabled": int(instance.settings["appendonly"] == "yes"),
    }


def _stats(instance: Instance) -> dict[str, Any]:
    return {
        "total_connections_received": instance.accepted,
        "total_commands_processed": instance.commands - 1,  # the one that asks is not over yet
        "rejected_connections": 0,
    }


def _replication(_instance: Instance) -> dict[str, Any]:
    return {"role": "master", "connected_slaves": 0, "master_repl_offset": 0}


def _cluster(_instance: Instance) -> dict[str, Any]:
    return {"cluster_enabled": 0}


def _keyspace(instance: Instance) -> dict[str, Any]:
    return {
        f"db{database}": f"keys={keys},expires={len(left)},avg_ttl={round(sum(left) / len(left) * 1000) if left else 0}"
        for database, keys, left in instance.keyspace.sizes()
    }


_SECTIONS: dict[str, Callable[[Instance], dict[str, Any]]] = {
    "server": _server,
    "clients": _clients,
    "persistence": _persistence,
    "stats": _stats,
    "replication": _replication,
    "cluster": _cluster,
    "keyspace": _keyspace,
}
