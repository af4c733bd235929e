"""A run on the sandbox with everything exported."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.request import urlopen

import kubesim
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.cluster.address import ClusterAddress
from chaos.engine.execution import Execution, RunResult
from chaos.engine.place import Place
from chaos.engine.progress import Silence
from chaos.experiment import Options, find_experiment
from chaos.metrics import MetricsOptions, Publisher
from kubesim import VirtualTimeLoop
from tests.metrics.stand_in import StandIn


class Scraper(Silence):
    """Scrapes at each step, as a Prometheus server would while the run goes on."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[str] = []

    def step(self, text: str) -> None:
        with urlopen(self.url, timeout=10) as response:
            self.seen.append(response.read().decode())


async def run(reports: Path, publisher: Publisher, progress: Scraper) -> RunResult:
    async with kubesim.Cluster(seed=1) as sandbox:
        address = ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector())
        place = Place(address, sandbox.vantage, "sandbox", simulated=True, virtual_time=True, seed=1)
        options = Options(trials=2, grace_s=1, max_qps=None)
        experiment = find_experiment("identity-persistence")
        execution = Execution(
            experiment, options, place, reports, progress, lambda _folder, history: publisher.follow(history)
        )
        return await execution.run()


def value(text: str, start: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return float(line.rpartition(" ")[2])


def test_a_run_is_followed_while_it_goes_on_and_exported_at_its_end(tmp_path: Path, stand_in: StandIn) -> None:
    textfile = tmp_path / "chaos.prom"
    options = MetricsOptions(textfile=textfile, pushgateway=stand_in.url, listen="127.0.0.1:0")
    scraper = Scraper()
    with Publisher(options) as publisher:
        assert publisher.endpoint is not None
        scraper.url = f"http://127.0.0.1:{publisher.endpoint.port}/metrics"
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            result = runner.run(run(tmp_path, publisher, scraper))
        verdicts = judge(Reading(result.history), result.history.meta.parameters["checkers"])
        assert publisher.publish(Reading(result.history), verdicts, 0) == []
        scraper.step("over")
    during, over = scraper.seen[-2], scraper.seen[-1]
    assert scraper.seen[0] == ""  # connecting: nothing is recorded yet
    assert value(during, "chaos_run_in_progress{") == 1
    assert 0 < value(during, "chaos_run_samples{") <= sum(len(s) for s in result.history.samples.values())
    assert "chaos_verdict" not in during
    assert value(over, "chaos_run_in_progress{") == 0
    assert value(over, "chaos_run_dns_queries{") == result.history.meta.measurement["dns_queries"]
    exported = [line for line in textfile.read_text().splitlines() if not line.startswith("#")]
    assert sum('outcome="ok"' in line and line.endswith(" 1.0") for line in exported if "chaos_verdict" in line) == len(
        verdicts
    )
    assert len([line for line in exported if line.startswith("chaos_pod_recovery_duration_seconds{")]) == 2 * 2
    assert [heard.method for heard in stand_in.heard] == ["PUT", "PUT"]
