"""Service addresses, node ports and generated names: seeded, so that a run repeats."""

from __future__ import annotations

import ipaddress
import random
from typing import Any

from kubesim.alphabet import ALPHABET
from kubesim.fields.causes import Cause, invalid_value
from kubesim.store import Object, Store

SERVICE_NETWORK = ipaddress.IPv4Network("10.96.0.0/16")  # kubeadm's default is 10.96.0.0/12; realk8s uses /16
_STATIC_BAND = 256  # kept free for addresses that users choose (KEP-3070)
NODE_PORTS = (30000, 32767)
_NAME_LENGTH = 5
_MAX_GENERATED_BASE = 63 - _NAME_LENGTH


class Allocator:
    """Draws what the API server chooses at random.

    Args:
        addresses: random stream of service addresses.
        ports: random stream of node ports.
        names: random stream of name suffixes.
        dual_stack: whether headless services that prefer it get both families; others have IPv4 all the same.
    """

    def __init__(
        self,
        store: Store,
        addresses: random.Random,
        ports: random.Random,
        names: random.Random,
        *,
        dual_stack: bool = False,
    ) -> None:
        self._dual_stack = dual_stack
        self._store = store
        self._addresses = addresses
        self._ports = ports
        self._names = names

    def name(self, base: str) -> str:
        """A name for metadata.generateName."""
        return base[:_MAX_GENERATED_BASE] + "".join(self._names.choices(ALPHABET, k=_NAME_LENGTH))

    def service(self, obj: Object, *, dry_run: bool = False) -> list[Cause]:
        """Give a new or changed service its addresses and node ports, in place; what is wrong with those it names.

        As on a real server a dry run allocates nothing, so that it does not learn what is taken.
        """
        spec = obj["spec"]
        if spec["type"] == "ExternalName":
            return []
        causes = self._cluster_ip(obj, spec, dry_run=dry_run)
        if spec["type"] in ("NodePort", "LoadBalancer"):
            causes += [] if dry_run else _chosen_ports(spec)
            self._node_ports(spec)
        return causes

    def _others(self, obj: Object) -> list[Object]:
        meta = obj["metadata"]
        mine = (meta.get("namespace", ""), meta["name"])
        others = self._store.list("Service")
        return [s for s in others if (s["metadata"].get("namespace", ""), s["metadata"]["name"]) != mine]

    def _cluster_ip(self, obj: Object, spec: Object, *, dry_run: bool) -> list[Cause]:
        address = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", ())), "")
        taken = {s["spec"].get("clusterIP") for s in self._others(obj)}
        reserved = set() if dry_run else taken
        causes: list[Cause] = []
        if not address:
            while not address or address in taken:
                offset = self._addresses.randrange(_STATIC_BAND, SERVICE_NETWORK.num_addresses - 1)
                address = str(SERVICE_NETWORK.network_address + offset)
        elif address != "None":
            causes = _chosen_address(address, reserved)
        spec["clusterIP"] = address
        spec["clusterIPs"] = [address]
        both = self._dual_stack and address == "None" and spec.get("ipFamilyPolicy") == "PreferDualStack"
        spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if both else ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        return causes

    def _node_ports(self, spec: Object) -> None:
        taken = {p.get("nodePort") for s in self._store.list("Service") for p in s["spec"].get("ports", ())}
        for port in spec.get("ports", ()):
            while not port.get("nodePort"):
                drawn = self._ports.randint(*NODE_PORTS)
                port["nodePort"] = drawn if drawn not in taken else 0
            taken.add(port["nodePort"])


def _chosen_ports(spec: Object) -> list[Cause]:
    low, high = NODE_PORTS
    text = f"provided port is not in the valid range. The range of valid ports is {low}-{high}"
    return [
        invalid_value(f"spec.ports[{i}].nodePort", port["nodePort"], text)
        for i, port in enumerate(spec.get("ports", ()))
        if port.get("nodePort") and not low <= port["nodePort"] <= high
    ]


def _chosen_address(address: str, taken: set[Any]) -> list[Cause]:
    try:
        inside = ipaddress.IPv4Address(address) in SERVICE_NETWORK
    except ValueError:
        return []  # validation says so in its own words
    if not inside:
        why = "the provided network does not match the current range"
    elif address in taken:
        why = "provided IP is already allocated"
    else:
        return []
    return [invalid_value("spec.clusterIPs", [address], f"failed to allocate IP {address}: {why}")]
