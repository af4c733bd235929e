"""What the simulated network adds to every packet."""

from __future__ import annotations

from kubesim.model import Delay

NETWORK_DELAYS = (
    Delay(
        "dns_one_way",
        0.0002,
        0.0008,
        "assumption: a round trip of 1 ms, as between zones; lab, on one node: 0.14 ms (p50)",
    ),
    Delay("datagram_loss", 0.0005, 0.0005, "assumption: 1 of 2,000, per direction", "probability"),
    Delay("datagram_straggles", 0.001, 0.001, "assumption: 1 of 1,000, per direction; makes reordering", "probability"),
    Delay("straggler_one_way", 0.005, 0.030, "assumption: as long as a scheduling hiccup of a busy node"),
    Delay("tcp_one_way", 0.0002, 0.0008, "assumption: as dns_one_way; lab: connect 0.05-0.07 ms (p50); never lost"),
)
