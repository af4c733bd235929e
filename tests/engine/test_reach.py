"""Whether what answers at a vantage is the cluster's DNS."""

from __future__ import annotations

import asyncio

import pytest

from chaos.engine.reach import UnreachableError, check
from chaos.engine.views import DnsInventory
from chaos.errors import PreflightError
from chaos.model import Outcome
from chaos.probes import DnsView

DNS = DnsInventory((DnsView("coredns-a", "10.244.0.2"), DnsView("service", "10.96.0.10")), "cluster.local", "", "")


def asked(**said: str) -> None:
    """Check where each view answers like that."""

    async def ask(_: str, __: str, view: DnsView) -> Outcome:
        return Outcome(said[view.name.partition("-")[0]])

    asyncio.run(check(ask, DNS, "from here", "probe from inside"))


def test_servers_that_know_the_cluster_are_its() -> None:
    asked(coredns="NOERROR", service="NOERROR")


def test_where_no_server_knows_the_cluster_somebody_else_answers_and_an_agent_is_asked_instead() -> None:
    """`--vantage auto` goes on with an agent after this error, as where nothing answers."""
    with pytest.raises(UnreachableError, match="a VPN or a transparent proxy may answer instead") as caught:
        asked(coredns="NXDOMAIN", service="NXDOMAIN")
    assert "probe from inside" in (caught.value.hint or "")


def test_one_server_that_does_not_know_it_is_a_fault_of_that_server() -> None:
    with pytest.raises(PreflightError, match="coredns-a") as caught:
        asked(coredns="NXDOMAIN", service="NOERROR")
    assert not isinstance(caught.value, UnreachableError)
