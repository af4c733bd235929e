"""What a namespace with a default-deny NetworkPolicy must let through."""

from __future__ import annotations

from chaos.agents.manifests import COMPONENT
from chaos.deploy.rbac import NAME
from chaos.model.object import Object

_API = "networking.k8s.io/v1"


def network_policies(namespace: str) -> list[Object]:
    """Agents reach DNS and pods, and pods of the namespace are reached by agents.

    A run with agents makes the like for itself where it finds policies; these are for who does not let it.
    """
    agents = {"matchLabels": COMPONENT}
    egress = {
        "apiVersion": _API,
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{NAME}-agents", "namespace": namespace},
        "spec": {"podSelector": agents, "policyTypes": ["Egress"], "egress": [{}]},
    }
    # It selects every pod, so pods that no other policy isolates become isolated: only for namespaces that deny all
    # traffic by default.
    ingress = {
        "apiVersion": _API,
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{NAME}-targets", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": agents}]}]},
    }
    return [egress, ingress]
