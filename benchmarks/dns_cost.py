"""CPU per DNS probe, against dnspython's own asyncquery.udp, in the same process against the same server."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.rrset

from chaos.clock import RunClock
from chaos.model import RunMeta
from chaos.model.recording import Recorder
from chaos.probes import DnsProber, DnsQuestion, DnsView
from chaos.vantage.local import LocalVantage

NAME = "web-1.web.default.svc.cluster.local"
_QUERIES = 3000
_ROUNDS = 3
_SERIES = 10
_PERIOD_S = 0.01


def _serve(sock: socket.socket) -> None:
    """Answer every query with one address; encoded once, so that the server does not compete for the CPU."""
    response = dns.message.make_response(dns.message.make_query(NAME + ".", "A"))
    response.answer.append(dns.rrset.from_text(NAME + ".", 30, "IN", "A", "10.244.1.7"))
    tail = response.to_wire()[2:]
    while True:
        query, client = sock.recvfrom(512)
        if query == b"stop":
            return
        sock.sendto(query[:2] + tail, client)


async def _dnspython(port: int) -> float:
    """CPU seconds of a query, one after the other."""
    began = time.process_time()
    for _ in range(_QUERIES):
        await dns.asyncquery.udp(dns.message.make_query(NAME + ".", "A"), "127.0.0.1", timeout=2, port=port)
    return (time.process_time() - began) / _QUERIES


async def _ours(port: int, *, balanced: bool) -> float:
    """CPU seconds of a sample, scheduled, sent, read and recorded; with the loop's own idling in it."""
    clock = RunClock(asyncio.get_running_loop())
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder), RunMeta("bench", simulated=False, started_at=datetime.now(UTC)))
        began = time.process_time()
        async with asyncio.TaskGroup() as group:
            view = DnsView("v", "127.0.0.1", balanced, port)
            prober = DnsProber(LocalVantage(), clock, recorder, view, 1.0, group)
            prober.start()
            for number in range(_SERIES):
                series = recorder.open_series(
                    probe="dns", record="A", view="v", pod="", name=NAME, period_s=_PERIOD_S, timeout_s=1.0
                )
                prober.add(series, DnsQuestion(NAME, "A"), _PERIOD_S * number / _SERIES)
            await asyncio.sleep(_QUERIES / _SERIES * _PERIOD_S)
            prober.stop()
        recorder.flush()
        spent = time.process_time() - began
        answered = sum(len(s) for s in recorder.history.samples.values())
        recorder.close()
    return spent / answered


def measure() -> dict[str, float]:
    """Medians of three rounds, in microseconds of CPU a probe."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    port = int(sock.getsockname()[1])
    server = multiprocessing.get_context("fork").Process(target=_serve, args=(sock,), daemon=True)
    server.start()
    rows: dict[str, list[float]] = {"asyncquery.udp": [], "one server": [], "balanced": []}
    for _ in range(_ROUNDS):
        rows["asyncquery.udp"].append(asyncio.run(_dnspython(port)))
        rows["one server"].append(asyncio.run(_ours(port, balanced=False)))
        rows["balanced"].append(asyncio.run(_ours(port, balanced=True)))
    sock.sendto(b"stop", ("127.0.0.1", port))
    server.join(5)
    sock.close()
    return {name: sorted(values)[_ROUNDS // 2] * 1e6 for name, values in rows.items()}


if __name__ == "__main__":
    print(measure())
