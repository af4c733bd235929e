"""What of a CoreDNS configuration decides how long answers live."""

from __future__ import annotations

from dataclasses import dataclass

# Of the plugins themselves: https://coredns.io/plugins/kubernetes/ and https://coredns.io/plugins/cache/
_KUBERNETES_TTL_S = 5
_SUCCESS_TTL_S = 3600
_DENIAL_TTL_S = 1800


@dataclass(frozen=True, slots=True)
class Caching:
    """Lifetimes of answers about a cluster's domain, in seconds.

    Attributes:
        ttl_s: that answers carry, positive and negative ones.
        success_s: for which this server itself keeps positive answers at most; 0: it does not.
        denial_s: the same for answers that there is no such name.
    """

    ttl_s: int
    success_s: int
    denial_s: int


def caching(corefile: str, domain: str) -> Caching | None:
    """Read it from a Corefile; None where that has no kubernetes plugin."""
    rows = [line.partition("#")[0].split() for line in corefile.splitlines()]
    ttl_s: int | None = None
    limits = {"success": 0, "denial": 0}
    block = ""
    for row in filter(None, rows):
        if row[0] == "kubernetes":
            ttl_s = _KUBERNETES_TTL_S if ttl_s is None else ttl_s
            block = "kubernetes" if row[-1] == "{" else ""
        elif row[0] == "cache":
            most = next((int(word) for word in row[1:2] if word.isdigit()), 0)
            limits = {"success": most or _SUCCESS_TTL_S, "denial": most or _DENIAL_TTL_S}
            block = "cache" if row[-1] == "{" else ""
        elif row[0] == "}":
            block = ""
        elif block == "kubernetes" and row[0] == "ttl":
            ttl_s = int(row[1])
        elif block == "cache":
            _cache_option(row, domain, limits)
        elif row[-1] == "{":
            block = row[0]
    if ttl_s is None:
        return None
    # A cache never keeps an answer longer than its TTL.
    return Caching(ttl_s, min(limits["success"], ttl_s), min(limits["denial"], ttl_s))


def _cache_option(row: list[str], domain: str, limits: dict[str, int]) -> None:
    """``success CAPACITY [TTL]``, ``denial CAPACITY [TTL]`` or ``disable success|denial [ZONES…]``."""
    option, words = row[0], row[1:]
    if option in limits and len(words) > 1 and words[1].isdigit():
        limits[option] = int(words[1])
    elif option == "disable" and words and words[0] in limits:
        zones = [zone.rstrip(".") for zone in words[1:]]
        if not zones or any(domain == zone or domain.endswith(f".{zone}") for zone in zones):
            limits[words[0]] = 0
