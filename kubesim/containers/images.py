"""The images that can be run, by family and kind of tag: what each has in it, as the real ones on Docker Hub have it.

What a family's tags stand for is in its Dockerfiles: https://github.com/docker-library (nginx:
https://github.com/nginx/docker-nginx). To add one: a row in `_FAMILIES`. The registry counts: a mirror's image is
another one, which the sandbox does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kubesim.containers.image import Image
from kubesim.containers.reference import parse_reference
from kubesim.containers.signals import Signal
from kubesim.release import COREDNS_IMAGE

# Commands that every image with a shell has.
_COMMON = frozenset(
    ("[", "cat", "chmod", "chown", "date", "echo", "env", "false", "grep", "head", "hostname", "ls", "mkdir", "printf",
     "printenv", "pwd", "rm", "seq", "sh", "sleep", "sort", "tail", "tee", "test", "timeout", "touch", "true",
     "wc", "whoami", "yes")
)  # fmt: skip
_BUSYBOX = _COMMON | {"ash", "kill", "killall", "nslookup", "pidof", "time", "wget", "which"}
_DEBIAN = _COMMON | {"bash", "dash", "getent", "pidof", "which"}  # pidof: sysvinit-utils; no procps, so no kill

_VERSION = r"\d+(\.\d+)*"
_RELEASES = "bookworm|bullseye|trixie"  # of Debian, as tags name them
_ALPINE = r"(?:.+-)?alpine(?:\d+(?:\.\d+)*)?"

_NGINX_COMMAND = ("nginx", "-g", "daemon off;")
_ENTRYPOINT = ("docker-entrypoint.sh",)
_REDIS = frozenset({"docker-entrypoint.sh", "redis-cli", "redis-server"})
_MYSQL = frozenset({"docker-entrypoint.sh", "mysql", "mysqld"})
_PYTHON = frozenset({"python", "python3"})


@dataclass(frozen=True, slots=True)
class Family:
    """Images that differ in nothing that the sandbox shows.

    Attributes:
        tags: a pattern for whole tags.
        example: a name of one, for messages.
    """

    tags: str
    example: str
    image: Image

    @property
    def repository(self) -> str:
        """As it is usually written."""
        return self.image.name


def _alpine(name: str, entrypoint: tuple[str, ...], command: tuple[str, ...], programs: frozenset[str]) -> Image:
    return Image(name, entrypoint, command, _BUSYBOX | {"getent"} | programs, sh="ash", libc="musl")


_FAMILIES = (
    Family(r".*musl", "busybox:musl", Image("busybox", (), ("sh",), _BUSYBOX, sh="ash", libc="musl")),
    Family(
        rf"latest|stable|unstable|(?:(?:stable|unstable|{_VERSION})-)?(?:glibc|uclibc)|{_VERSION}",
        "busybox:1.36",
        Image("busybox", (), ("sh",), _BUSYBOX, sh="ash"),
    ),
    Family(rf"latest|edge|{_VERSION}", "alpine:3.22", _alpine("alpine", (), ("sh",), frozenset())),
    Family(
        rf"latest|(?:{_RELEASES}|stable|testing|{_VERSION})(?:-slim)?",
        "debian:stable-slim",
        Image("debian", (), ("bash",), _DEBIAN),
    ),
    Family(
        rf"{_ALPINE}(?:-slim|-perl|-otel)?",
        "nginx:alpine",
        Image(
            "nginx",
            (),
            _NGINX_COMMAND,
            _BUSYBOX | {"getent", "nginx"},
            sh="ash",
            libc="musl",
            stop_signal=Signal.QUIT,
        ),
    ),
    Family(
        rf"latest|(?:stable|mainline|{_VERSION}|{_RELEASES}|perl|otel)(?:-(?:{_RELEASES}|perl|otel))*",
        "nginx:1.29",
        Image("nginx", (), _NGINX_COMMAND, _DEBIAN | {"nginx"}, stop_signal=Signal.QUIT),
    ),
    Family(_ALPINE, "redis:7-alpine", _alpine("redis", _ENTRYPOINT, ("redis-server",), _REDIS)),
    Family(
        rf"latest|{_RELEASES}|{_VERSION}(?:-(?:{_RELEASES}))?",
        "redis:7",
        Image("redis", _ENTRYPOINT, ("redis-server",), _DEBIAN | _REDIS),
    ),
    Family(
        rf"latest|lts|innovation|oracle|(?:lts-|innovation-|{_VERSION}-)?oracle(?:linux\d+)?|{_VERSION}",
        "mysql:8.0",
        Image("mysql", _ENTRYPOINT, ("mysqld",), _COMMON | {"bash", "getent"} | _MYSQL, sh="bash"),
    ),
    Family(_ALPINE, "python:3.12-alpine", _alpine("python", (), ("python3",), _PYTHON)),
    Family(
        rf"latest|slim|(?:{_RELEASES}|{_VERSION})(?:-slim)?(?:-(?:{_RELEASES}))?|slim-(?:{_RELEASES})",
        "python:3.12-slim",
        Image("python", (), ("python3",), _DEBIAN | _PYTHON),
    ),
    Family(
        rf"v{_VERSION}",
        COREDNS_IMAGE,
        Image("registry.k8s.io/coredns/coredns", ("/coredns",), (), frozenset({"coredns"})),
    ),
    Family(
        _VERSION,
        "registry.k8s.io/pause:3.10",
        Image("registry.k8s.io/pause", ("/pause",), (), frozenset({"pause"})),
    ),
)
EXAMPLES = tuple(sorted(family.example for family in _FAMILIES))


def find_image(name: str) -> Image | None:
    """What is in an image of this name; None where the sandbox has none.

    A digest beside a tag is not looked at; without a tag it does not say which kind of its family an image is.
    """
    reference = parse_reference(name)
    return None if reference is None else _of(reference.familiar, reference.tag)


def find_mirrored_image(name: str) -> Image | None:
    """As `find_image`, for an image of Docker Hub's that any registry may have copied."""
    reference = parse_reference(name)
    return None if reference is None else _of(reference.repository.removeprefix("library/"), reference.tag)


@lru_cache(maxsize=1024)
def _of(repository: str, tag: str) -> Image | None:
    return next((f.image for f in _FAMILIES if f.repository == repository and re.fullmatch(f.tags, tag)), None)
