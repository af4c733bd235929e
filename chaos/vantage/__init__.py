"""The places that probes run from. Each offers UDP and TCP to addresses of the cluster's network."""

from chaos.vantage.base import UdpPort, UdpReceiver, Vantage

__all__ = ["UdpPort", "UdpReceiver", "Vantage"]
