"""A simulated Kubernetes cluster: an API over real HTTP, controllers, kubelets, CoreDNS and containers that serve.

What stands here is public; README.md beside this file says how it is used. Each name is imported when it is asked for:
whoever wants the virtual loop alone does not wait for the rest.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubesim.cluster import DELAYS, EPOCH, Cluster, StartError
    from kubesim.containers.call import Call
    from kubesim.containers.image import Image
    from kubesim.containers.signals import Signal
    from kubesim.errors import SimulationError
    from kubesim.model import Delay
    from kubesim.virtual import VirtualDeadlockError, VirtualTimeLoop, run_virtual

__all__ = [
    "DELAYS",
    "EPOCH",
    "Call",
    "Cluster",
    "Delay",
    "Image",
    "Signal",
    "SimulationError",
    "StartError",
    "VirtualDeadlockError",
    "VirtualTimeLoop",
    "run_virtual",
]

_HOMES = {
    "DELAYS": "kubesim.cluster",
    "EPOCH": "kubesim.cluster",
    "Call": "kubesim.containers.call",
    "Cluster": "kubesim.cluster",
    "Delay": "kubesim.model",
    "Image": "kubesim.containers.image",
    "Signal": "kubesim.containers.signals",
    "SimulationError": "kubesim.errors",
    "StartError": "kubesim.cluster",
    "VirtualDeadlockError": "kubesim.virtual",
    "VirtualTimeLoop": "kubesim.virtual",
    "run_virtual": "kubesim.virtual",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve_name(f"{_HOMES[name]}:{name}")
