"""Whether a service mesh takes pods of a namespace in, and what that means for what is measured."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.model.object import Object

# (label or annotation of a namespace, the value that takes pods in or "" for any, the mesh)
_TAKEN_IN = (
    ("istio-injection", "enabled", "Istio"),
    ("istio.io/rev", "", "Istio"),
    ("istio.io/dataplane-mode", "ambient", "Istio in ambient mode"),
    ("linkerd.io/inject", "enabled", "Linkerd"),
    ("linkerd.io/inject", "ingress", "Linkerd"),
    ("kuma.io/sidecar-injection", "enabled", "Kuma"),
    ("kuma.io/sidecar-injection", "true", "Kuma"),
    ("consul.hashicorp.com/connect-inject", "true", "Consul"),
)
# Containers that meshes add, also to pods of namespaces that say nothing.
_SIDECARS = {
    "istio-proxy": "Istio",
    "linkerd-proxy": "Linkerd",
    "kuma-sidecar": "Kuma",
    "consul-dataplane": "Consul",
}
# With these an agent stays outside: it measures the network, and a sidecar would outlive the Job's own container.
OPT_OUT_LABELS = {
    "sidecar.istio.io/inject": "false",
    "istio.io/dataplane-mode": "none",
    "kuma.io/sidecar-injection": "disabled",
}
OPT_OUT_ANNOTATIONS = {"linkerd.io/inject": "disabled", "consul.hashicorp.com/connect-inject": "false"}

MEANS = (
    "agents stay outside of it, so DNS and addresses are measured as ever; connections to pods inside succeed only "
    "where it takes plain text (Istio: PeerAuthentication PERMISSIVE), and clients inside see its proxy's view; a pod "
    "is Ready only when its proxy is"
)


def mesh_of(namespace: Object) -> str:
    """The mesh that a namespace asks for, and by what: ``Istio (istio-injection=enabled)``; empty for none."""
    meta = namespace.get("metadata") or {}
    said = {**(meta.get("annotations") or {}), **(meta.get("labels") or {})}
    for key, value, mesh in _TAKEN_IN:
        if key in said and value in ("", said[key]):
            return f"{mesh} ({key}={said[key]})"
    return ""


def mesh_by_sidecar(containers: Iterable[str]) -> str:
    """The mesh whose container is among these, by name; empty for none."""
    return next((_SIDECARS[name] for name in containers if name in _SIDECARS), "")
