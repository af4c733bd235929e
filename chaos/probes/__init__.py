"""Samples on an absolute schedule. Standard library and dnspython only, so that a probe can run anywhere."""

from chaos.probes.answer import DnsQuestion
from chaos.probes.cached import CachedProber, DnsCache
from chaos.probes.connection import ConnectionProber
from chaos.probes.dns import DnsProber
from chaos.probes.host import Host, LocalHost
from chaos.probes.lag import LagMonitor
from chaos.probes.resolver import Resolver
from chaos.probes.schedule import Schedule
from chaos.probes.sink import Sink
from chaos.probes.stream import StreamProber
from chaos.probes.stub import StubOptions, StubProber
from chaos.probes.view import DnsView

__all__ = [
    "CachedProber",
    "ConnectionProber",
    "DnsCache",
    "DnsProber",
    "DnsQuestion",
    "DnsView",
    "Host",
    "LagMonitor",
    "LocalHost",
    "Resolver",
    "Schedule",
    "Sink",
    "StreamProber",
    "StubOptions",
    "StubProber",
]
