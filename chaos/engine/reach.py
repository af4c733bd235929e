"""Whether a vantage reaches the cluster's DNS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from chaos.engine.views import DnsInventory
from chaos.errors import PreflightError
from chaos.model import Outcome
from chaos.probes import DnsView, Host, Resolver
from chaos.vantage import Vantage

_TIMEOUT_S = 1.5
# With 5 % packet loss in each direction all five questions are lost once in 100,000 times.
_TRIES = 5
_ABSENT = frozenset({"NXDOMAIN", "NODATA", "REFUSED"})
_NO_WAY_THERE = frozenset({"TIMEOUT", "ENETUNREACH", "EHOSTUNREACH", "EACCES", "EPERM", "ECONNREFUSED"})

Ask = Callable[[str, str, DnsView], Awaitable[Outcome]]


class UnreachableError(PreflightError):
    """No answer comes from cluster DNS at that vantage; what comes may be somebody else's."""


async def check_local(vantage: Vantage, dns: DnsInventory) -> None:
    """Ask each view from this process; see `check`."""

    async def ask(name: str, rtype: str, view: DnsView) -> Outcome:
        return await Resolver(vantage, view, _TIMEOUT_S).ask(name, rtype)

    await check(ask, dns, "from here", "probe from inside the cluster instead: --vantage agent")


async def check_host(host: Host, where: str, dns: DnsInventory) -> None:
    """Ask each view from an agent; see `check`."""

    async def ask(name: str, rtype: str, view: DnsView) -> Outcome:
        return await host.resolve(name, rtype, view.name, _TIMEOUT_S)

    hint = "a NetworkPolicy may forbid it, there or in kube-system: kubectl get networkpolicies -A"
    await check(ask, dns, f"from {where}", hint)


async def check(ask: Ask, dns: DnsInventory, where: str, hint: str) -> None:
    """Ask all views at once for a record that every cluster has.

    Raises:
        UnreachableError: one does not answer, or what answers is not the cluster's; `hint` says what to do about it.
        PreflightError: one answers, but not as a cluster's DNS does.
    """
    found = await asyncio.gather(*(_answer(ask, dns.domain, view) for view in dns.views))
    if all(outcome.status in _ABSENT for outcome in found):
        said = ", ".join(sorted({outcome.status for outcome in found}))
        raise UnreachableError(
            f"what answers {where} at the addresses of cluster DNS does not know the cluster ({said} for "
            f"{_api_server(dns.domain)}): a VPN or a transparent proxy may answer instead",
            hint=f"{hint}; or the cluster's domain is another than {dns.domain}: --cluster-domain names it",
        )
    for view, outcome in zip(dns.views, found, strict=True):
        if outcome.status == "NOERROR":
            continue
        server = f"cluster DNS ({view.name}, {view.address}:{view.port})"
        if outcome.status in _NO_WAY_THERE:
            raise UnreachableError(f"{server} cannot be reached {where} ({outcome.status})", hint=hint)
        raise PreflightError(
            f"{server} answers {outcome.status} {outcome.detail} for {_api_server(dns.domain)}".replace("  ", " "),
            hint="look at the DNS pods: kubectl -n kube-system logs -l k8s-app=kube-dns; or the cluster's domain is "
            "another: --cluster-domain names it",
        )


def _api_server(domain: str) -> str:
    """The service that every cluster has."""
    return f"kubernetes.default.svc.{domain}"


async def _answer(ask: Ask, domain: str, view: DnsView) -> Outcome:
    """What it says about the specification's version; of a server that does not tell that, about the API server."""
    name, rtype = f"dns-version.{domain}", "TXT"
    for _ in range(_TRIES):
        outcome = await ask(name, rtype, view)
        if outcome.status == "NOERROR" or (outcome.status in _ABSENT and rtype == "A"):
            break
        if outcome.status in _ABSENT:
            name, rtype = _api_server(domain), "A"
    return outcome
