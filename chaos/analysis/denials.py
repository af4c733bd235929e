"""Whether cluster DNS keeps denials: then who asks while a name is missing makes it be missing for longer.

The probes ask all the time, so they fill such a cache as soon as a name goes. What a client with fewer questions meets
may be shorter.
"""

from __future__ import annotations

from chaos.analysis.corefile import caching
from chaos.analysis.division import Division
from chaos.analysis.reading import Reading
from chaos.analysis.units import stated
from chaos.model.outcome import DNS_ABSENT

# From this share of an outage on, what updating DNS took of it for sure is worth a word about caches.
_WORTH_A_WORD = 0.1


def kept_s(reading: Reading) -> int:
    """For how long a server keeps a denial at most, in seconds; 0: none does, as far as is known.

    The Corefile says so; where another cache stands before those servers (such as NodeLocal DNS), TTLs that count down.
    """
    environment, target = reading.meta.environment, reading.meta.target
    found = caching(str(environment.get("corefile", "")), str(target.get("domain", "cluster.local")))
    return max(0 if found is None else found.denial_s, _counted_down_s(reading))


def _counted_down_s(reading: Reading) -> int:
    """The largest TTL of a pod's denials at a view that gave several: of one that is not kept it is always the same."""
    longest_s = 0
    for series in reading.series_of(probe="dns"):
        if series.pod and series.record.startswith("A "):
            ttls = {o.ttl for o in reading.outcomes_of(series) if o.status in DNS_ABSENT and o.ttl is not None}
            if len(ttls) > 1:
                longest_s = max(longest_s, *ttls)
    return longest_s


def own_doing(reading: Reading, divided: list[Division]) -> str:
    """A sentence for an outage that the probes may have made longer; empty where nothing speaks for that."""
    seconds = kept_s(reading)
    if not seconds or not any(_waits_for_dns(one) for one in divided):
        return ""
    return (
        f"DNS servers keep a denial for {stated(seconds)}, and the probes' own questions may have put it there: a "
        "client that asks less often may wait less."
    )


def _waits_for_dns(divided: Division) -> bool:
    dns, most_ns = next(part.length for part in divided.causes if part.key == "dns"), divided.total.before_ns
    return dns is not None and most_ns is not None and 0 < _WORTH_A_WORD * most_ns <= dns.after_ns
