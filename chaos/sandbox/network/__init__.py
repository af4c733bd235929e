"""The simulated pod network, and the two wires that can carry it."""

from chaos.sandbox.network.delays import NETWORK_DELAYS
from chaos.sandbox.network.listener import DatagramHandler, Listener, Reply, UdpPort, UdpReceiver
from chaos.sandbox.network.network import Network

__all__ = ["NETWORK_DELAYS", "DatagramHandler", "Listener", "Network", "Reply", "UdpPort", "UdpReceiver"]
