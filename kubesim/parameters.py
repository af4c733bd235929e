"""All delays of the model, each a named, seeded parameter with its source."""

from __future__ import annotations

from kubesim.api.delays import API_DELAYS
from kubesim.delays import CONTROLLER_DELAYS
from kubesim.dns.delays import DNS_DELAYS
from kubesim.images import IMAGE_DELAYS
from kubesim.kubeproxy import KUBEPROXY_DELAYS
from kubesim.network import NETWORK_DELAYS
from kubesim.networkpolicy import POLICY_DELAYS

DELAYS = (
    *API_DELAYS,
    *CONTROLLER_DELAYS,
    *KUBEPROXY_DELAYS,
    *POLICY_DELAYS,
    *NETWORK_DELAYS,
    *IMAGE_DELAYS,
    *DNS_DELAYS,
)
