"""What can be seen of cluster DNS."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.corefile import caching
from chaos.engine.doctor.examined import Examined, Status
from chaos.engine.views import DnsInventory


def dns_findings(dns: DnsInventory) -> Iterator[Examined]:
    """Its servers, and what they keep."""
    views = ", ".join(f"{view.name} {view.address}" for view in dns.views)
    if dns.limited:
        advice = "recoveries have no lower bound then, and experiments with cluster DNS itself cannot run; " + (
            "that is all there is to see" if dns.managed else "chaos manifests rbac --with read-dns prints the Role"
        )
        yield Examined(Status.WARNING, "DNS views", f"{views}; {dns.limited}", advice)
    else:
        yield Examined(Status.OK, "DNS views", f"{views}; domain {dns.domain}")
    found = caching(dns.corefile, dns.domain)
    if found is None:
        text = "no Corefile with a kubernetes plugin was found" if not dns.limited else "not readable"
        yield Examined(Status.UNKNOWN, "DNS caching", text, "lifetimes of answers stand in the report all the same")
        return
    text = f"answers carry a TTL of {found.ttl_s} s; "
    if not found.success_s and not found.denial_s:
        yield Examined(Status.OK, "DNS caching", text + f"the servers themselves keep nothing of {dns.domain}")
        return
    text += f"the servers keep answers for {found.success_s} s and denials for {found.denial_s} s"
    advice = "what a probe asks while a name is missing fills that cache: recoveries may look longer by so much"
    yield Examined(Status.WARNING, "DNS caching", text, advice)
