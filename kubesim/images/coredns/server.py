"""CoreDNS in its container: port 53, health with lameduck, readiness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.containers.host import ContainerHost
from kubesim.containers.http_server import NOT_FOUND, OK, UNAVAILABLE, HttpServer, Page
from kubesim.containers.process import Process
from kubesim.containers.signals import Signal
from kubesim.dns.capacity import Capacity
from kubesim.dns.coredns import CoreDNS
from kubesim.dns.corefile import CorefileError
from kubesim.dns.tcp_server import DnsOverTcp
from kubesim.network import Reply
from kubesim.store import Object

_DNS_PORT, _HEALTH_PORT, _READY_PORT = 53, 8080, 8181


class CoreDnsProcess(Process):
    """One replica: answers on UDP and TCP.

    On SIGTERM and SIGINT it goes on answering for the Corefile's lameduck (kubeadm: 5 s), reports unhealthy meanwhile,
    then exits.
    """

    stops_at = frozenset({Signal.TERM, Signal.INT})

    def __init__(self, host: ContainerHost, pod: Object, ip: str, on_exit: Callable[[int], None]) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._dns: CoreDNS | None = None
        self._lameduck = False
        self._processing_s = host.model.sampler("dns_processing")

    async def start(self) -> None:
        """Sync with the API, then open the ports."""
        await self.run_for(self.host.model.draw("coredns_start"))
        if self.ended:
            return
        host = self.host
        try:
            dns = CoreDNS(host.store, host.clock, host.model, host.truth, self.pod_name)
        except CorefileError as exc:
            self.message = str(exc)
            self.end(1)
            return
        self._dns = dns
        dns.start()

        limit = None
        if not host.model.is_off("dns_capacity"):
            limit = Capacity(host.clock, host.model.draw("dns_capacity"))

        def on_datagram(query: bytes, reply: Reply) -> None:
            waits_s = 0.0 if limit is None else limit.wait_s()
            if waits_s is None:
                return
            answer, late_s = dns.respond(query)
            late_s += waits_s
            if answer is not None:
                reply(answer, self._processing_s() + late_s)

        await self.listen_udp(_DNS_PORT, on_datagram)
        await self.listen_tcp(_DNS_PORT, lambda: DnsOverTcp(host.loop, dns, self._processing_s))
        await self.listen_tcp(_HEALTH_PORT, lambda: self._status_page("/health"))
        await self.listen_tcp(_READY_PORT, lambda: self._status_page("/ready"))

    def stop(self, signal: Signal) -> None:  # noqa: ARG002 - both mean the same to it
        """Go into lameduck, then end."""
        if not self._lameduck:
            self._lameduck = True
            lameduck_s = self._dns.corefile.lameduck_s if self._dns else 0.0
            self.later(lameduck_s, lambda: self.end(0))

    def end(self, code: int) -> None:
        """Stop answering and exit."""
        if self._dns is not None:
            self._dns.stop()
        super().end(code)

    def _status(self, path: str, port: int) -> Page:
        if (path, port) == ("/ready", _READY_PORT):
            return Page(OK, b"OK")
        if (path, port) == ("/health", _HEALTH_PORT):
            return Page(UNAVAILABLE) if self._lameduck else Page(OK, b"OK")
        return Page(NOT_FOUND)

    def _status_page(self, path: str) -> asyncio.Protocol:
        port = _READY_PORT if path == "/ready" else _HEALTH_PORT
        return HttpServer(self.host.loop, self.host.clock, lambda asked: self._status(asked, port))
