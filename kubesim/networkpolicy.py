"""The network plugin's policy engine: which pods may talk to which, from NetworkPolicies, Pods and Namespaces.

It decides as most plugins do where the API leaves it to them:

- Egress is judged behind the service address, at the pod that the packet really goes to.
- What comes from a node, kubelets' probes among it, and pods in the host's network are exempt.
- Connections that are made stay when a policy forbids them later (see `Network.open_tcp`).
- A pod reaches itself, and an ipBlock may name pods.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable

from kubesim.fields.matching import matches_selector
from kubesim.fields.pod_state import TERMINAL, phase
from kubesim.model import Delay, Model
from kubesim.network import Network
from kubesim.store import Change, Object, Store

POLICY_DELAYS = (
    Delay(
        "networkpolicy_sync",
        0.010,
        0.100,
        "assumed: tens of milliseconds, as plugins that program the kernel say; realk8s enforces no policy",
    ),
)
_Target = tuple[str, int]


class PolicyEngine:
    """Answers the network's question whether a packet passes. A change of a policy takes effect after a delay; labels,
    addresses and namespaces count as they are when the packet is sent.
    """

    def __init__(self, store: Store, network: Network, model: Model) -> None:
        self._store, self._network, self._model = store, network, model
        self._policies: dict[tuple[str, str], Object] = {}
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._pods: dict[str, Object] | None = None
        self._known: dict[tuple[str, _Target, str], bool] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Enforce what exists, and follow it from now on."""
        for policy in self._store.list("NetworkPolicy"):
            self._program((policy["metadata"]["namespace"], policy["metadata"]["name"]))
        self._unsubscribe = self._store.subscribe(self._on_change)

    def stop(self) -> None:
        """Follow no longer; what is enforced stays, as on a node whose plugin has died."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _on_change(self, change: Change) -> None:
        if change.kind == "NetworkPolicy":
            key = change.key[1:]
            if key not in self._timers:
                delay_s = self._model.draw("networkpolicy_sync")
                self._timers[key] = self._store.clock.loop.call_later(delay_s, self._program, key)
        elif change.kind in ("Pod", "Namespace"):
            self._pods = None
            self._known.clear()

    def _program(self, key: tuple[str, str]) -> None:
        self._timers.pop(key, None)
        policy = self._store.get("NetworkPolicy", *key)
        if policy is None:
            self._policies.pop(key, None)
        else:
            self._policies[key] = policy
        self._known.clear()
        self._network.set_verdict(self.passes if self._policies else None)

    def passes(self, source: str, target: _Target, protocol: str) -> bool:
        """Whether a packet from a pod's address may reach a target."""
        question = (source, target, protocol)
        if question not in self._known:
            self._known[question] = self._passes(*question)
        return self._known[question]

    def _passes(self, source: str, target: _Target, protocol: str) -> bool:
        pods = self._pods_by_address()
        sender, receiver = pods.get(source), pods.get(target[0])
        if source == target[0]:
            return True
        if sender is not None and not self._allowed(sender, "egress", "to", target[0], receiver, target, protocol):
            return False
        if sender is None or receiver is None:
            return True
        return self._allowed(receiver, "ingress", "from", source, sender, target, protocol)

    def _allowed(  # one side of one packet
        self,
        pod: Object,
        direction: str,
        peers: str,
        address: str,
        peer: Object | None,
        target: _Target,
        protocol: str,
    ) -> bool:
        """Whether the policies of `pod` let a packet pass that it sends or gets; all do where none selects it."""
        selected = False
        receiver = peer if direction == "egress" else pod
        for policy in self._policies.values():
            if not _concerns(policy, pod, direction):
                continue
            selected = True
            for rule in policy["spec"].get(direction) or ():
                if not _port_fits(rule.get("ports"), target[1], protocol, receiver):
                    continue
                rows = rule.get(peers)
                if not rows or any(self._is_peer(row, policy, address, peer) for row in rows):
                    return True
        return not selected

    def _is_peer(self, row: Object, policy: Object, address: str, peer: Object | None) -> bool:
        if "ipBlock" in row:
            return _in_block(row["ipBlock"], address)
        if peer is None:
            return False
        meta = peer["metadata"]
        if "namespaceSelector" in row:
            namespace = self._store.get("Namespace", "", meta["namespace"])
            labels = {} if namespace is None else namespace["metadata"].get("labels")
            if not matches_selector(row["namespaceSelector"], labels):
                return False
        elif meta["namespace"] != policy["metadata"]["namespace"]:
            return False
        return matches_selector(row.get("podSelector") or {}, meta.get("labels"))

    def _pods_by_address(self) -> dict[str, Object]:
        """The pods that live in the pod network."""
        if self._pods is None:
            self._pods = {
                pod["status"]["podIP"]: pod
                for pod in self._store.list("Pod")
                if pod.get("status", {}).get("podIP") and phase(pod) not in TERMINAL and not _on_host(pod)
            }
        return self._pods


def _on_host(pod: Object) -> bool:
    return bool(pod["spec"].get("hostNetwork"))


def _concerns(policy: Object, pod: Object, direction: str) -> bool:
    spec, meta = policy["spec"], pod["metadata"]
    return (
        meta["namespace"] == policy["metadata"]["namespace"]
        and direction.capitalize() in spec["policyTypes"]
        and matches_selector(spec.get("podSelector") or {}, meta.get("labels"))
    )


def _port_fits(ports: list[Object] | None, number: int, protocol: str, receiver: Object | None) -> bool:
    """Whether a rule's ports, of which none means all, have the target's; a name is one of the receiver's ports."""
    if not ports:
        return True
    for row in ports:
        wanted = row.get("port")
        if row.get("protocol", "TCP") != protocol:
            continue
        if isinstance(wanted, str):
            if receiver is not None and (number, protocol) in _named(receiver, wanted):
                return True
        elif wanted is None or wanted <= number <= int(row.get("endPort") or wanted):
            return True
    return False


def _named(pod: Object, name: str) -> set[tuple[int, str]]:
    return {
        (port["containerPort"], port.get("protocol", "TCP"))
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("name") == name
    }


def _in_block(block: Object, address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    if parsed not in ipaddress.ip_network(block["cidr"], strict=False):
        return False
    return not any(parsed in ipaddress.ip_network(row, strict=False) for row in block.get("except") or ())
