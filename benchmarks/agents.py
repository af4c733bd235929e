"""Many agents at once on a real cluster: is anything lost or doubled, how late does it arrive, what does it cost?

CHAOS_TEST_CONTEXT=NAME python benchmarks/agents.py [AGENTS] [PROBES_PER_SECOND] [SECONDS]

Costs of agents are read from /proc: they are there only where containers are processes of this machine, as on realk8s.
"""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from chaos.agents.fleet import Fleet
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import Journal
from chaos.cluster.watch import Watcher
from chaos.engine.patience import Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import roll_back
from chaos.engine.views import find_dns
from chaos.model import RunMeta, Series
from chaos.model.recording import Recorder
from chaos.options.agents import AgentOptions, PodOptions

AGENTS, PROBES_PER_S, SECONDS = 20, 100, 60
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_NS = 1e9


class TimedRecorder(Recorder):
    """Notes how long after its end a sample came in."""

    def __init__(self, folder: Path, meta: RunMeta, clock: RunClock) -> None:
        super().__init__(folder, meta)
        self.late_s: list[float] = []
        self._clock = clock

    def sample(self, series_id: int, scheduled_ns: int, sent_ns: int, received_ns: int, outcome_id: int) -> None:
        super().sample(series_id, scheduled_ns, sent_ns, received_ns, outcome_id)
        self.late_s.append((self._clock.now_ns() - received_ns) / _NS)


def agent_processes() -> list[int]:
    """The agents' own processes, not the bridges to them."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and b"agent.pyz\0serve" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


async def main(agents: int, probes_per_s: int, seconds: int) -> None:
    cluster = await connect(ClusterAddress(context=os.environ["CHAOS_TEST_CONTEXT"]))
    with tempfile.TemporaryDirectory() as folder:
        clock = RunClock(asyncio.get_running_loop())
        meta = RunMeta("agents", simulated=False, started_at=clock.started_at)
        recorder = TimedRecorder(Path(folder), meta, clock)
        run = {"id": f"bench-{secrets.token_hex(3)}", "fingerprint": cluster.fingerprint}
        journal = Journal.start(Path(folder), run)
        changes = Changes(cluster, journal, clock, run["id"])
        try:
            await measure(cluster, changes, clock, recorder, (agents, probes_per_s, seconds))
        finally:
            await roll_back(journal, changes, Silence(), Patience(clock))
            recorder.close()
            journal.close()
            await cluster.close()


async def measure(
    cluster: Cluster, changes: Changes, clock: RunClock, recorder: TimedRecorder, size: tuple[int, int, int]
) -> None:
    agents, probes_per_s, seconds = size
    namespace = f"chaos-identity-{secrets.token_hex(3)}"
    labels = {"chaos-identity.io/allowed": "true"}
    await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    dns = await find_dns(cluster)
    options = AgentOptions(count=agents)
    fleet = Fleet(cluster, changes, clock, recorder, namespace, options, PodOptions(), seconds + 600, print)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(Watcher(cluster, clock, "Pod", namespace, fleet.saw, recorder.gap).run())
        await fleet.deploy({})
        await fleet.connect(dns.views, 1.0)
        keepers = [group.create_task(session.keep_talking()) for session in fleet.sessions]
        names = {view.name: f"A kubernetes.default @ {view.name}" for view in dns.views}
        for session in fleet.sessions:
            for number, view in enumerate(dns.views):
                period_s = len(dns.views) / probes_per_s
                series = recorder.open_series(
                    probe="dns",
                    record="A kubernetes.default",
                    view=view.name,
                    pod="",
                    name=f"kubernetes.default.svc.{dns.domain}",
                    period_s=period_s,
                    timeout_s=1.0,
                    vantage=session.name,
                )
                session.open(series, 0, period_s * number / len(names))
        pids = agent_processes()
        before = {pid: cpu_s(pid) for pid in pids}
        own_before = resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.sleep(seconds)
        used = [(cpu_s(pid) - before[pid]) / seconds for pid in pids]
        peaks = [peak_mib(pid) for pid in pids]
        await fleet.finish()
        watch.cancel()
        del keepers
    tell(fleet, recorder, size, (used, peaks), own_before)


def tell(
    fleet: Fleet,
    recorder: TimedRecorder,
    size: tuple[int, int, int],
    costs: tuple[list[float], list[float]],
    own_before: resource.struct_rusage,
) -> None:
    agents, probes_per_s, seconds = size
    sent = sum(session.counters()["dns_queries"] for session in fleet.sessions)
    missed = sum(session.counters()["dns_missed_slots"] for session in fleet.sessions)
    came = sum(session.samples for session in fleet.sessions)
    doubled = sum(_doubled(recorder, series) for series in recorder.history.series)
    nodes = sorted({session.node for session in fleet.sessions})
    clocks = [session.counters()["clock"] for session in fleet.sessions]
    own = resource.getrusage(resource.RUSAGE_SELF)
    used, peaks = costs
    print(f"{agents} agents on {len(nodes)} nodes, {probes_per_s} probes/s each, {seconds} s")
    print(f"  agents that took part: {len(fleet.sessions)}; lost: {sum(bool(s.lost) for s in fleet.sessions)}")
    print(f"  queries sent: {sent}; slots missed: {missed}; samples here: {came}; under way at the end: {sent - came}")
    print(f"  samples of one slot twice: {doubled}")
    print(f"  arrived after: median {statistics.median(recorder.late_s):.3f} s, at most {max(recorder.late_s):.3f} s")
    print(f"  error bound of clocks: median {statistics.median(c['bound_median_ms'] for c in clocks):.2f} ms")
    print(f"  runner: peak {own.ru_maxrss / 1024:.0f} MiB, {(own.ru_utime - own_before.ru_utime) / seconds:.2f} cores")
    if used:
        print(f"  an agent's process: peak {max(peaks):.0f} MiB, {statistics.median(used):.3f} cores (median)")


def _doubled(recorder: Recorder, series: Series) -> int:
    """Samples that are nearer to the one before than half a period: two of one slot."""
    scheduled = sorted(recorder.history.samples[series.id].scheduled_ns)
    return sum(b - a < series.period_s * _NS / 2 for a, b in pairwise(scheduled))


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*(given + [AGENTS, PROBES_PER_S, SECONDS][len(given) :])))
