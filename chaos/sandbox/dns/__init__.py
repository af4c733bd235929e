"""CoreDNS as kubeadm installs it, in real DNS messages."""

from chaos.sandbox.dns.coredns import CoreDNS
from chaos.sandbox.dns.corefile import KUBEADM_COREFILE, Corefile, CorefileError
from chaos.sandbox.dns.delays import DNS_DELAYS
from chaos.sandbox.dns.front import DnsFront, serve_loopback

__all__ = ["DNS_DELAYS", "KUBEADM_COREFILE", "CoreDNS", "Corefile", "CorefileError", "DnsFront", "serve_loopback"]
