"""CoreDNS as kubeadm installs it, in real DNS messages."""

from kubesim.dns.coredns import CoreDNS
from kubesim.dns.corefile import KUBEADM_COREFILE, Corefile, CorefileError
from kubesim.dns.delays import DNS_DELAYS
from kubesim.dns.front import DnsFront, serve_loopback

__all__ = ["DNS_DELAYS", "KUBEADM_COREFILE", "CoreDNS", "Corefile", "CorefileError", "DnsFront", "serve_loopback"]
