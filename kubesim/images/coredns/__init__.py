"""coredns: the cluster's DNS server; what it answers is in `kubesim.dns`."""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.inside import Inside
from kubesim.containers.process import Process
from kubesim.containers.servers import OnExit
from kubesim.containers.tags import VERSION
from kubesim.images.coredns.server import CoreDnsProcess
from kubesim.model import Delay
from kubesim.release import COREDNS_IMAGE

_DELAYS = (Delay("coredns_start", 0.050, 0.250, "assumption: the kubernetes plugin's caches sync before it serves"),)


def _coredns(inside: Inside, _argv: tuple[str, ...], on_exit: OnExit) -> Process:
    return CoreDnsProcess(inside.host, inside.pod, inside.ip, on_exit)


FAMILIES = (
    Family(
        rf"v{VERSION}",
        COREDNS_IMAGE,
        Image(
            "registry.k8s.io/coredns/coredns",
            entrypoint=("/coredns",),
            servers={"coredns": _coredns},
            delays=_DELAYS,
        ),
    ),
)
