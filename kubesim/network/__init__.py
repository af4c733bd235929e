"""The simulated pod network, and the two wires that can carry it."""

from kubesim.network.delays import NETWORK_DELAYS
from kubesim.network.listener import DatagramHandler, Listener, Reply, UdpPort, UdpReceiver
from kubesim.network.network import Network

__all__ = ["NETWORK_DELAYS", "DatagramHandler", "Listener", "Network", "Reply", "UdpPort", "UdpReceiver"]
