"""pause: it waits to be told to end."""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.inside import Inside
from kubesim.containers.process import Process
from kubesim.containers.servers import OnExit
from kubesim.containers.signals import Signal
from kubesim.containers.sleeper import Sleeper
from kubesim.containers.tags import VERSION


def _pause(inside: Inside, _argv: tuple[str, ...], on_exit: OnExit) -> Process:
    return Sleeper(inside.host, inside.pod, inside.ip, on_exit, stops_at=frozenset({Signal.TERM, Signal.INT}))


FAMILIES = (
    Family(
        VERSION,
        "registry.k8s.io/pause:3.10",
        Image("registry.k8s.io/pause", entrypoint=("/pause",), servers={"pause": _pause}),
    ),
)
