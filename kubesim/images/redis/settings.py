"""A server's settings: a configuration file's lines, and the command line's, which come after them (config.c)."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.images.redis.reference import VERSION, default_settings
from kubesim.images.redis.request import ProtocolError, split_words

# What may be set: modelled, or without effect on anything that this server does.
_MODELLED = frozenset({"appendonly", "bind", "databases", "dir", "port", "protected-mode", "save"})
_WITHOUT_EFFECT = frozenset(
    {
        "always-show-logo",
        "appenddirname",
        "appendfilename",
        "appendfsync",  # a killed process loses nothing that was written; only a crashed kernel does
        "auto-aof-rewrite-min-size",
        "auto-aof-rewrite-percentage",
        "dbfilename",
        "hz",
        "logfile",
        "loglevel",
        "pidfile",
        "rdbchecksum",
        "rdbcompression",
        "replica-announce-ip",  # there are no replicas that could be told of
        "replica-announce-port",
        "slowlog-log-slower-than",
        "slowlog-max-len",
        "stop-writes-on-bgsave-error",
        "supervised",
        "tcp-backlog",
        "tcp-keepalive",
    }
)
_ANYWHERE = {"*", "0.0.0.0"}  # noqa: S104 - what a manifest may say
_NO_FILE = "Fatal error, can't open config file '{}': No such file or directory"


class StartError(ValueError):
    """The server does not start; the message says why, in its own words or kubesim's."""


def read_settings(argv: list[str], read_file: Callable[[str], str | None]) -> dict[str, str]:
    """The settings in force for a command line.

    Args:
        argv: without the program: an optional file, then ``--setting value…``.
        read_file: text of a file; None where it is missing.

    Raises:
        StartError: what a real server would refuse, and what this one does not model.
    """
    lines: list[list[str]] = []
    if argv and not argv[0].startswith("--"):
        text = read_file(argv[0])
        if text is None:
            raise StartError(_NO_FILE.format(argv[0]))
        lines = [_words(line, number) for number, line in enumerate(text.splitlines(), 1)]
        argv = argv[1:]
    for word in argv:
        if word.startswith("--"):
            lines.append([word.removeprefix("--")])
        elif lines:
            lines[-1].append(word)
    settings = default_settings()
    saves: list[str] = []
    for number, words in enumerate(lines, 1):
        if not words or words[0].startswith("#"):
            continue
        name, values = words[0].lower(), words[1:]
        _check(name, values, number, settings)
        if name == "save":  # each line adds a point; an empty one forgets all
            saves = [] if values in ([""], []) else [*saves, *values]
            settings[name] = " ".join(saves)
        else:
            settings[name] = " ".join(values)
    return settings


def _words(line: str, number: int) -> list[str]:
    if line.lstrip().startswith("#"):
        return []
    try:
        return [word.decode() for word in split_words(line.encode())]
    except ProtocolError as exc:
        raise _refused(number, line, "Unbalanced quotes in configuration line") from exc


def _check(name: str, values: list[str], number: int, settings: dict[str, str]) -> None:
    shown = " ".join([name, *(f'"{value}"' for value in values)])
    if name not in settings or not values:
        raise _refused(number, shown, "Bad directive or wrong number of arguments")
    if settings[name] in ("yes", "no") and values not in (["yes"], ["no"]):
        raise _refused(number, shown, "argument must be 'yes' or 'no'")
    if name in ("port", "databases") and not values[0].isdecimal():
        raise _refused(number, shown, "argument couldn't be parsed into an integer")
    if name == "bind" and not _ANYWHERE & {value.removeprefix("-") for value in values}:
        raise StartError(f"the sandbox does not model a Redis that listens on some addresses only: {shown}")
    if name == "cluster-enabled" and values == ["yes"]:
        raise StartError(
            "the sandbox does not model Redis Cluster (its gossip, slots and failover): a server with cluster-enabled "
            "yes runs on a real cluster only"
        )
    # The settings of a cluster say nothing where it is off.
    known = name in _MODELLED or name in _WITHOUT_EFFECT or name.startswith("cluster-")
    if not known and " ".join(values) != settings[name]:
        raise StartError(f"the sandbox does not model Redis's setting {shown}")


def _refused(number: int, line: str, why: str) -> StartError:
    return StartError(
        f"*** FATAL CONFIG FILE ERROR (Redis {VERSION}) ***\nReading the configuration file, at line {number}\n"
        f">>> '{line}'\n{why}"
    )
