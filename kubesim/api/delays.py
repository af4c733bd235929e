"""The API server's delays.

Measured on the two-node Kubernetes 1.34.4 of realk8s over one TLS connection on two cores: 300 GETs, 200 PUTs of a
ConfigMap with a watch on it; ranges are the 5th to the 95th percentile.
"""

from __future__ import annotations

from kubesim.model import Delay

API_DELAYS: tuple[Delay, ...] = (
    Delay(
        "api_network", 0.00012, 0.00022, "measured on realk8s: half of the round trip of GET /version (0.24-0.45 ms)"
    ),
    Delay("api_request", 0.0006, 0.0011, "measured on realk8s: round trip of a GET (0.90-1.49 ms) less the network"),
    Delay("api_commit", 0.0011, 0.0018, "measured on realk8s: how much longer a PUT takes (2.07-3.28 ms) than a GET"),
    Delay(
        "api_watch", 0.0, 0.0005, "measured on realk8s: event on a watch after the response to its PUT (p95 0.47 ms)"
    ),
)
