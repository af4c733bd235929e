"""The images that can be run: what each has in it, as the real ones have it (facts.md, section 2, items 5 and 10)."""

from __future__ import annotations

from chaos.sandbox.containers.image import Image
from chaos.sandbox.release import COREDNS_IMAGE

# Commands that every image with a shell has.
_COMMON = frozenset(
    ("[", "cat", "chmod", "chown", "date", "echo", "env", "false", "grep", "head", "hostname", "ls", "mkdir", "printf",
     "printenv", "rm", "seq", "sh", "sleep", "sort", "tail", "test", "timeout", "touch", "true",
     "wc", "whoami")
)  # fmt: skip
_BUSYBOX = _COMMON | {"ash", "nslookup", "time", "wget", "which"}

_IMAGES = (
    Image("busybox:1.35", (), ("sh",), _BUSYBOX, sh="ash"),
    Image(
        "mysql:8.0",
        ("docker-entrypoint.sh",),
        ("mysqld",),
        _COMMON | {"bash", "docker-entrypoint.sh", "getent", "mysql"},
        sh="bash",
    ),
    Image("nginx:alpine", (), ("nginx", "-g", "daemon off;"), _BUSYBOX | {"nginx", "getent"}, sh="ash", libc="musl"),
    Image("python:3.11-slim", (), ("python3",), _COMMON | {"bash", "getent", "python", "python3"}),
    Image(
        "redis:7-alpine",
        ("docker-entrypoint.sh",),
        ("redis-server",),
        _BUSYBOX | {"docker-entrypoint.sh", "getent", "redis-cli", "redis-server"},
        sh="ash",
        libc="musl",
    ),
    Image(COREDNS_IMAGE, ("/coredns",), (), frozenset({"coredns"})),
    Image("registry.k8s.io/pause:3.10", ("/pause",), (), frozenset({"pause"})),
    Image("registry.k8s.io/pause:3.10.2", ("/pause",), (), frozenset({"pause"})),
)
IMAGES = {image.name: image for image in _IMAGES}
KNOWN_IMAGES = frozenset(IMAGES)
