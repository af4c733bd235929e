"""How long CoreDNS takes to answer, and to learn."""

from __future__ import annotations

from kubesim.model import Delay

DNS_DELAYS = (
    Delay("dns_processing", 0.00002, 0.00010, "lab: round trip on one node 0.08-0.27 ms (p10-p90), most of it here"),
    Delay(
        "dns_propagation",
        0.001,
        0.009,
        "facts.md 1: 2 ms from slice not ready to NXDOMAIN, 6-9 ms from slice ready to the answer; each replica draws",
    ),
    Delay(
        "dns_capacity",
        0.0,
        0.0,
        "assumption: of each replica over UDP, 0 for none; what comes faster waits, and is dropped with a full buffer",
        "queries/s",
    ),
)
