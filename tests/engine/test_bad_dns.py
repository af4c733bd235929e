"""DNS that answers garbage, truncated, with a wrong id, or not at all: never a pass, never a traceback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import kubesim
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.cluster.address import ClusterAddress
from chaos.engine.conclusion import exit_code
from chaos.engine.execution import Execution, RunResult
from chaos.engine.place import Place
from chaos.engine.progress import Silence
from chaos.errors import PreflightError
from chaos.experiment import Options, find_experiment
from chaos.probes.view import DNS_PORT
from chaos.vantage import UdpPort, UdpReceiver
from kubesim import run_virtual
from tests.fakes import refused

Mangle = Callable[[bytes], bytes | None]
QUICK = Options(trials=1, grace_s=1, period_s=0.2, connect_period_s=1.0, within_s=5.0, max_qps=None)


def truncated(data: bytes) -> bytes:
    return data[:2] + bytes([data[2] | 0x02]) + data[3:12] + data[12:]


BAD: dict[str, Mangle] = {
    "garbage": lambda data: data[:2] + b"\xff" * 30,
    "cut off": lambda data: data[: len(data) // 2],
    "truncated": truncated,
    "wrong id": lambda data: bytes([data[0] ^ 1, data[1] ^ 1]) + data[2:],
    "silence": lambda _data: None,
}


class _Mangler:
    def __init__(self, receiver: UdpReceiver, vantage: MangledVantage) -> None:
        self._receiver = receiver
        self._vantage = vantage

    def datagram(self, data: bytes) -> None:
        changed = self._vantage.mangle(data) if self._vantage.on else data
        if changed is not None:
            self._receiver.datagram(changed)

    def error(self, exc: OSError) -> None:
        self._receiver.error(exc)


class MangledVantage:
    """The sandbox's vantage; while `on`, its network spoils DNS answers and refuses DNS over TCP."""

    name = "mangled"

    def __init__(self, sandbox: kubesim.Cluster, mangle: Mangle, *, on: bool) -> None:
        self._inner = sandbox.vantage
        self.mangle = mangle
        self.on = on

    def random_16_bits(self) -> int:
        return self._inner.random_16_bits()

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        return self._inner.open_udp(address, port, _Mangler(receiver, self))

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        if self.on and port == DNS_PORT:
            raise refused()
        return await self._inner.open_tcp(factory, address, port)


def run_mangled(tmp_path: Path, mangle: Mangle, *, spoil_after_s: float | None) -> RunResult:
    """A run through such a network: spoilt from the start, or from some time on. Nothing may be left."""

    async def main() -> RunResult:
        sandbox = kubesim.Cluster(seed=3)
        await sandbox.start()
        vantage = MangledVantage(sandbox, mangle, on=spoil_after_s is None)
        address = ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector())
        place = Place(address, vantage, "sandbox", simulated=True, seed=1)
        experiment = find_experiment("identity-persistence")
        execution = Execution(experiment, QUICK, place, tmp_path, Silence(), lambda _folder, _history: None)
        if spoil_after_s is not None:
            asyncio.get_running_loop().call_later(spoil_after_s, setattr, vantage, "on", True)
        try:
            return await execution.run()
        finally:
            left = [n["metadata"]["name"] for n in sandbox.store.list("Namespace")]
            await sandbox.stop()
            assert not [name for name in left if name.startswith("chaos-identity")]

    return run_virtual(main())


@pytest.mark.parametrize("bad", BAD)
def test_a_dns_that_never_answers_properly_is_refused_before_anything_is_touched(tmp_path: Path, bad: str) -> None:
    with pytest.raises(PreflightError, match="cluster DNS"):
        run_mangled(tmp_path, BAD[bad], spoil_after_s=None)


@pytest.mark.parametrize("spoil_after_s", [1.0, 4.5])
@pytest.mark.parametrize("bad", BAD)
def test_a_dns_that_goes_bad_on_the_way_never_passes(tmp_path: Path, bad: str, spoil_after_s: float) -> None:
    """Before the first fault, or just after it. What cannot be read says nothing, so it does not fail either."""
    result = run_mangled(tmp_path, BAD[bad], spoil_after_s=spoil_after_s)
    assert result.error is not None
    verdicts = judge(Reading(result.history), result.history.meta.parameters["checkers"])
    code = exit_code(verdicts, result.history.status, [result.error], rollback_failed=False)
    assert code == 4
    said = {verdict.checker: str(verdict.outcome) for verdict in verdicts}
    assert {said[name] for name in ("steady-state", "identity-kept", "recovered-within")} == {"unknown"}
