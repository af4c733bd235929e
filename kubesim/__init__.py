"""A simulated Kubernetes cluster: an API over real HTTP, controllers, kubelets, CoreDNS and containers that serve.

What stands here is public, and nothing else is; README.md beside this file says how it is used. Each name is imported
when it is asked for: whoever wants the virtual loop alone does not wait for the rest.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubesim.api.faults import ApiFaults
    from kubesim.cluster import Cluster
    from kubesim.cluster_dns import DnsAddresses, StartError
    from kubesim.containers.call import Call
    from kubesim.containers.image import Image
    from kubesim.containers.signals import Signal
    from kubesim.documents import Document, DocumentError, read_documents
    from kubesim.errors import SimulationError
    from kubesim.examine import Reference, hands_over, parse_reference, shell_of
    from kubesim.manifests import ManifestError
    from kubesim.model import Delay
    from kubesim.parameters import DELAYS
    from kubesim.programs import BUSYBOX
    from kubesim.readiness import NotReadyError
    from kubesim.release import COREDNS_IMAGE, KUBERNETES
    from kubesim.store import StoreError
    from kubesim.truth import Fact, Truth
    from kubesim.validator import Refusal, Validator, validate
    from kubesim.virtual import VirtualDeadlockError, VirtualTimeLoop, run_virtual
    from kubesim.works import EPOCH

__all__ = [
    "BUSYBOX",
    "COREDNS_IMAGE",
    "DELAYS",
    "EPOCH",
    "KUBERNETES",
    "ApiFaults",
    "Call",
    "Cluster",
    "Delay",
    "DnsAddresses",
    "Document",
    "DocumentError",
    "Fact",
    "Image",
    "ManifestError",
    "NotReadyError",
    "Reference",
    "Refusal",
    "Signal",
    "SimulationError",
    "StartError",
    "StoreError",
    "Truth",
    "Validator",
    "VirtualDeadlockError",
    "VirtualTimeLoop",
    "hands_over",
    "parse_reference",
    "read_documents",
    "run_virtual",
    "shell_of",
    "validate",
]

# Public name → the module that has it.
_HOMES = {
    "BUSYBOX": "programs",
    "COREDNS_IMAGE": "release",
    "DELAYS": "parameters",
    "EPOCH": "works",
    "KUBERNETES": "release",
    "ApiFaults": "api.faults",
    "Call": "containers.call",
    "Cluster": "cluster",
    "Delay": "model",
    "DnsAddresses": "cluster_dns",
    "Document": "documents",
    "DocumentError": "documents",
    "Fact": "truth",
    "Image": "containers.image",
    "ManifestError": "manifests",
    "NotReadyError": "readiness",
    "Reference": "examine",
    "Refusal": "validator",
    "Signal": "containers.signals",
    "SimulationError": "errors",
    "StartError": "cluster_dns",
    "StoreError": "store",
    "Truth": "truth",
    "Validator": "validator",
    "VirtualDeadlockError": "virtual",
    "VirtualTimeLoop": "virtual",
    "hands_over": "examine",
    "parse_reference": "examine",
    "read_documents": "documents",
    "run_virtual": "virtual",
    "shell_of": "examine",
    "validate": "validator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve_name(f"kubesim.{_HOMES[name]}:{name}")
