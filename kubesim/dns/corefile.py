"""The parts of a Corefile that change what is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kubesim.dns.erratic import ErraticSettings
from kubesim.dns.outside import RESOLVER_ADDRESS
from kubesim.errors import SimulationError

KUBEADM_COREFILE = """\
.:53 {
    errors
    health {
      lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
      ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
      disable success cluster.local
      disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""

_PLUGIN_TTL_S = 5  # the kubernetes plugin's default
_SUCCESS_CAP_S, _DENIAL_CAP_S, _MIN_TTL_S = 3600, 1800, 5  # the cache plugin's defaults
_OUTSIDE = ("/etc/resolv.conf", RESOLVER_ADDRESS)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}


class CorefileError(SimulationError):
    """A Corefile that cannot be read, or asks for what kubesim has not."""


@dataclass(frozen=True, slots=True)
class Corefile:
    """What CoreDNS is told.

    Attributes:
        zones: of the kubernetes plugin.
        ttl_s: of records, and of denials (the SOA's MINIMUM).
        fallthrough: zones whose unknown names go to the next plugin.
        forwarded: zones whose names a resolver outside is asked for, where no plugin before it has them; a name that
            nobody is left to ask for gets SERVFAIL.
        cached: whether there is a cache plugin.
        success_cap_s: longest time that the cache keeps an answer; `denial_cap_s` likewise for denials.
        uncached_success: zones that the cache leaves alone; `uncached_denial` likewise.
        shuffled: whether there is a loadbalance plugin.
        erratic: zones with a server block of their own whose answers the erratic plugin gives.
    """

    zones: tuple[str, ...] = ()
    ttl_s: int = _PLUGIN_TTL_S
    fallthrough: tuple[str, ...] = ()
    forwarded: tuple[str, ...] = ()
    cached: bool = False
    success_cap_s: int = _SUCCESS_CAP_S
    denial_cap_s: int = _DENIAL_CAP_S
    min_ttl_s: int = _MIN_TTL_S
    uncached_success: tuple[str, ...] = ()
    uncached_denial: tuple[str, ...] = ()
    shuffled: bool = False
    lameduck_s: float = 0.0
    erratic: tuple[tuple[str, ErraticSettings], ...] = ()


@dataclass(slots=True)
class _Directive:
    words: list[str]
    block: list[_Directive] = field(default_factory=list)


def parse(text: str) -> Corefile:
    """Read the server block of port 53, and those of other zones that have the erratic plugin.

    `forward` leads to the one resolver outside (`outside.py`) where it names /etc/resolv.conf or that resolver's
    address; any other server does not exist, so what would go there gets SERVFAIL.

    Raises:
        CorefileError: unbalanced braces, no kubernetes plugin, or ``pods verified``, which kubesim has not.
    """
    blocks = _directives(text)
    server = next((b for b in blocks if b.words and re.fullmatch(r"\.(:53)?", b.words[0])), None)
    if server is None:
        raise CorefileError("the Corefile has no server block .:53", hint="compare it with kubeadm's")
    settings: dict[str, Any] = {"erratic": tuple(_erratic_zones(blocks))}
    for directive in server.block:
        name, *arguments = directive.words
        if name == "kubernetes":
            settings |= _kubernetes(arguments, directive.block)
        elif name == "cache":
            settings |= _cache(arguments, directive.block)
        elif name == "forward":
            settings["forwarded"] = (*settings.get("forwarded", ()), *_forward(arguments))
        elif name == "loadbalance":
            settings["shuffled"] = True
        elif name == "health":
            lameduck = next((d.words[-1] for d in directive.block if d.words[0] == "lameduck"), "0s")
            settings["lameduck_s"] = _seconds("lameduck", lameduck)
    if "zones" not in settings:
        raise CorefileError(
            "the Corefile's server block .:53 has no kubernetes plugin", hint="compare it with kubeadm's"
        )
    return Corefile(**settings)


def _kubernetes(zones: list[str], block: list[_Directive]) -> dict[str, object]:
    names = tuple(z.lower().rstrip(".") for z in zones)
    settings: dict[str, object] = {"zones": names}
    pods = "disabled"
    for directive in block:
        name, *arguments = directive.words
        if name == "ttl":
            settings["ttl_s"] = _number(directive.words)
        elif name == "fallthrough":
            settings["fallthrough"] = tuple(z.rstrip(".") for z in arguments) or ("",)
        elif name == "pods":
            pods = " ".join(arguments)
    if pods != "insecure":
        raise CorefileError(
            f"the Corefile says `pods {pods}`, which the sandbox does not model", hint="write `pods insecure`"
        )
    return settings


def _cache(arguments: list[str], block: list[_Directive]) -> dict[str, object]:
    settings: dict[str, object] = {"cached": True}
    if arguments and arguments[0].isdigit():
        settings |= {"success_cap_s": int(arguments[0]), "denial_cap_s": int(arguments[0])}
    for directive in block:
        name, *words = directive.words
        if name == "disable" and words and words[0] in ("success", "denial"):
            settings[f"uncached_{words[0]}"] = tuple(z.rstrip(".") for z in words[1:]) or ("",)
        elif name in ("success", "denial") and len(words) > 1:  # capacity, TTL, minimum TTL
            settings[f"{name}_cap_s"] = _number([name, words[1]])
    return settings


def _forward(arguments: list[str]) -> tuple[str, ...]:
    """The zone that goes to the resolver outside, if that is among the servers.

    Raises:
        CorefileError: a zone and at least one server are not there.
    """
    if len(arguments) < 2:  # noqa: PLR2004 - zone and server
        raise CorefileError(
            f"the Corefile's line `forward {' '.join(arguments)}` lacks its zone or its server",
            hint="compare it with kubeadm's",
        )
    zone, *servers = arguments
    reached = any(s.removeprefix("dns://").removesuffix(":53") in _OUTSIDE for s in servers)
    return (zone.lower().rstrip("."),) if reached else ()


def _erratic_zones(blocks: list[_Directive]) -> Iterator[tuple[str, ErraticSettings]]:
    for block in blocks:
        for directive in block.block:
            if directive.words[0] == "erratic":
                for label in block.words:
                    yield label.rstrip(",").removesuffix(":53").lower().rstrip("."), _erratic(directive.block)


def _erratic(block: list[_Directive]) -> ErraticSettings:
    """As the plugin reads it: with a delay and no word of drops nothing is dropped.

    Raises:
        CorefileError: it has a property that does not exist, or that kubesim has not.
    """
    found: dict[str, float] = {}
    for directive in block:
        name, *arguments = directive.words
        if name not in ("drop", "delay"):
            raise CorefileError(
                f"the Corefile's erratic plugin has `{name}`, which the sandbox does not model",
                hint="write drop and delay only",
            )
        if name == "delay":
            found |= {"delay": 2, "delay_s": 0.1}
        if arguments:
            found[name] = _number(directive.words)
        if name == "delay" and len(arguments) > 1:
            found["delay_s"] = _seconds("delay", arguments[1])
    if found.get("delay"):
        found.setdefault("drop", 0)
    default = ErraticSettings()
    return ErraticSettings(
        int(found.get("drop", default.drop)), int(found.get("delay", 0)), found.get("delay_s", default.delay_s)
    )


def _directives(text: str) -> list[_Directive]:
    """The tree that lines and braces make.

    Raises:
        CorefileError: unbalanced braces.
    """
    root = _Directive([])
    stack = [root]
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        closes = words == ["}"]
        opens = bool(words) and words[-1] == "{"
        if closes:
            stack.pop()
            if not stack:
                break
        elif words:
            directive = _Directive(words[:-1] if opens else words)
            stack[-1].block.append(directive)
            if opens:
                stack.append(directive)
    if stack != [root]:
        raise CorefileError("the braces of the Corefile do not match", hint="compare it with kubeadm's")
    return root.block


def _number(words: list[str]) -> int:
    """The number after a directive's name.

    Raises:
        CorefileError: there is none.
    """
    if len(words) < 2 or not words[1].isdecimal():  # noqa: PLR2004 - name and number
        raise CorefileError(
            f"the Corefile's line `{' '.join(words)}` lacks its number", hint="compare it with kubeadm's"
        )
    return int(words[1])


def _seconds(what: str, text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise CorefileError(f"the Corefile's {what} {text!r} is no duration", hint="write it like 5s")
    return float(match[1]) * _UNITS_S[match[2]]
