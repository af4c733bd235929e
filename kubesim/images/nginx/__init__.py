"""nginx as most manifests use it: it serves static files at port 80."""

from __future__ import annotations

from dataclasses import replace

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.inside import Inside
from kubesim.containers.process import Process
from kubesim.containers.servers import OnExit
from kubesim.containers.signals import Signal
from kubesim.containers.tags import ALPINE as ALPINE_TAGS
from kubesim.containers.tags import RELEASES, VERSION
from kubesim.images.nginx.command_line import nginx, stays_in_foreground
from kubesim.images.nginx.server import Nginx
from kubesim.model import Delay
from kubesim.programs import ALPINE, DEBIAN

_COMMAND = ("nginx", "-g", "daemon off;")
_DELAYS = (
    Delay("nginx_start", 0.003, 0.015, "assumption: fork, read the configuration, bind"),
    Delay("nginx_exit", 0.001, 0.005, "assumption: the master's signal reaches its workers"),
)


def _server(inside: Inside, argv: tuple[str, ...], on_exit: OnExit) -> Process | None:
    if not stays_in_foreground(inside, argv):
        return None
    return Nginx(inside.host, inside.pod, inside.ip, on_exit, inside.files)


# Of the tutorials on kubernetes.io. What its tags are made from differs (0.8: Ubuntu); Debian's shell and programs
# stand for them here, and for its stop signal the usual one.
_SLIM = Image(
    "registry.k8s.io/nginx-slim",
    command=_COMMAND,
    programs={**DEBIAN, "nginx": nginx},
    servers={"nginx": _server},
    delays=_DELAYS,
)

FAMILIES = (
    Family(VERSION, "registry.k8s.io/nginx-slim:0.24", _SLIM),
    Family(VERSION, "k8s.gcr.io/nginx-slim:0.8", replace(_SLIM, name="k8s.gcr.io/nginx-slim")),
    Family(
        rf"{ALPINE_TAGS}(?:-slim|-perl|-otel)?",
        "nginx:alpine",
        Image(
            "nginx",
            command=_COMMAND,
            programs={**ALPINE, "nginx": nginx},
            servers={"nginx": _server},
            sh="ash",
            libc="musl",
            stop_signal=Signal.QUIT,
            delays=_DELAYS,
        ),
    ),
    Family(
        rf"latest|(?:stable|mainline|{VERSION}|{RELEASES}|perl|otel)(?:-(?:{RELEASES}|perl|otel))*",
        "nginx:1.29",
        Image(
            "nginx",
            command=_COMMAND,
            programs={**DEBIAN, "nginx": nginx},
            servers={"nginx": _server},
            stop_signal=Signal.QUIT,
            delays=_DELAYS,
        ),
    ),
)
