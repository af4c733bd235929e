"""Programs that well-known images do not have.

The images of the unit and of common bases, by what their Dockerfiles on Docker Hub put into them. Only programs
that scripts look for names with, and shells, are listed; what is not listed is not judged.
"""

from __future__ import annotations

import re

from kubesim import parse_reference

_LOOKUPS = frozenset({"nslookup", "dig", "host", "drill"})
_NET = frozenset({"ping", "nc", "telnet"})
_ALPINE = frozenset({"bash", "dig", "host", "drill", "curl"})  # BusyBox has nslookup, wget, nc and ping
_DEBIAN = _LOOKUPS | _NET | {"curl", "wget"}

# image without registry and library/, tag → programs that it lacks; the first match counts
LACKING: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("mysql", ".*", _LOOKUPS | _NET | {"wget"}),  # Oracle Linux slim
    ("mariadb", ".*", _LOOKUPS | _NET | {"curl", "wget"}),  # Ubuntu
    ("redis", ".*alpine.*", _ALPINE),
    ("redis", ".*", _DEBIAN),
    ("valkey/valkey", ".*alpine.*", _ALPINE),
    ("nginx", ".*alpine.*", _ALPINE - {"curl"}),
    ("nginx", ".*", _LOOKUPS | _NET | {"wget"}),
    ("busybox", ".*", _ALPINE),
    ("alpine", ".*", _ALPINE),
    ("python", ".*alpine.*", _ALPINE),
    ("python", ".*slim.*", _DEBIAN),
    ("debian", ".*", _DEBIAN),
    ("ubuntu", ".*", _DEBIAN),
)


def lacking(image: str) -> frozenset[str]:
    """The programs that an image is known not to have; empty for one that is not known.

    A registry may have any image of Docker Hub's: its mirror is the same image.
    """
    return _known(image) or frozenset()


def runs_arguments(image: str) -> bool:
    """Whether `args` without `command` are known to be run as they stand, and read by no shell.

    The images of the table have no entrypoint, or one that ends with ``exec "$@"``; of any other nobody can tell.
    """
    return _known(image) is not None


def _known(image: str) -> frozenset[str] | None:
    reference = parse_reference(image)
    if reference is None:
        return None
    path, tag = reference.repository.removeprefix("library/"), reference.tag
    return next((row for known, tags, row in LACKING if known == path and re.fullmatch(tags, tag)), None)
