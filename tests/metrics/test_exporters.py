"""Each way out, against the library's own parser or a server on loopback."""

from __future__ import annotations

import base64
import gzip
import os
import signal
import socket
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from chaos.analysis.reading import Reading
from chaos.errors import UsageError
from chaos.metrics import MetricsOptions, Publisher, publish
from chaos.metrics import definitions as d
from chaos.metrics.figures import figures
from chaos.metrics.lingering import linger
from chaos.metrics.otlp import metrics_data
from chaos.model import History, Verdict, VerdictOutcome
from tests.histories import pod_replacement
from tests.metrics.stand_in import StandIn

HELD = [Verdict("identity-kept", VerdictOutcome.OK, "")]
FAILED = [Verdict("identity-kept", VerdictOutcome.FAIL, "")]


def run(*, shop: bool = True, later_s: float = 0.0) -> History:
    history = pod_replacement(simulated=False)
    if shop:
        history.meta.parameters["namespace"] = "shop"
    history.meta.started_at = history.meta.started_at.replace(second=5 + int(later_s))
    return history


def values(text: str) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def one(text: str, name: str) -> float:
    (value,) = [v for (n, _), v in values(text).items() if n == name]
    return value


def test_nothing_is_exported_unless_asked_for() -> None:
    assert not MetricsOptions().wanted
    MetricsOptions().validate()
    with Publisher(MetricsOptions()) as publisher:
        assert publisher.endpoint is None
        assert publisher.publish(Reading(run()), HELD, 0) == []
        publisher.linger()


def test_the_textfile_is_readable_by_others_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "chaos.prom"
    before = os.umask(0o077)
    try:
        assert publish(MetricsOptions(textfile=path), Reading(run()), HELD, 0) == []
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]
    assert len(values(path.read_text())) == len(figures(Reading(run()), HELD, 0))


def test_a_failed_run_keeps_the_time_of_the_last_success_in_the_textfile(tmp_path: Path) -> None:
    options = MetricsOptions(textfile=tmp_path / "chaos.prom")
    first, second, third = run(), run(later_s=1), run(later_s=2)
    for history, verdicts, code in ((first, HELD, 0), (second, FAILED, 1), (third, FAILED, 1)):
        assert publish(options, Reading(history), verdicts, code) == []
    text = (tmp_path / "chaos.prom").read_text()
    assert one(text, "chaos_last_success_timestamp_seconds") == first.meta.started_at.timestamp()
    assert one(text, "chaos_last_run_timestamp_seconds") == third.meta.started_at.timestamp()


@pytest.mark.parametrize("old", [b"\xff\xfe not text", b"not { metrics", b""])
def test_what_stood_in_the_textfile_is_replaced_whatever_it_was(tmp_path: Path, old: bytes) -> None:
    path = tmp_path / "chaos.prom"
    path.write_bytes(old)
    assert publish(MetricsOptions(textfile=path), Reading(run()), FAILED, 1) == []
    assert one(path.read_text(), "chaos_run_exit_code") == 1
    assert "last_success" not in path.read_text()


def test_the_success_of_another_target_is_not_taken_over(tmp_path: Path) -> None:
    options = MetricsOptions(textfile=tmp_path / "chaos.prom")
    assert publish(options, Reading(run(shop=False)), HELD, 0) == []
    assert publish(options, Reading(run()), FAILED, 1) == []
    assert "last_success" not in (tmp_path / "chaos.prom").read_text()


def test_a_textfile_that_cannot_be_written_is_a_warning_and_the_old_one_stays(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    (problem,) = publish(MetricsOptions(textfile=folder / "chaos.prom"), Reading(run()), HELD, 0)
    assert problem == f"metrics were not written to {folder / 'chaos.prom'}: No such file or directory"


def test_a_push_replaces_the_group_of_what_was_measured(stand_in: StandIn) -> None:
    assert publish(MetricsOptions(pushgateway=stand_in.url + "/"), Reading(run()), HELD, 0) == []
    group = "/metrics/job/chaos-identity/experiment/identity-persistence"
    rest = "k8s_namespace_name/shop/k8s_statefulset_name/web/simulated/false"
    assert [(h.method, h.path) for h in stand_in.heard] == [
        ("PUT", f"{group}/{rest}"),
        ("PUT", f"{group}/group/last-success/{rest}"),
    ]
    main, success = (values(h.body.decode()) for h in stand_in.heard)
    assert {name for name, _ in success} == {"chaos_last_success_timestamp_seconds"}
    assert "chaos_last_success_timestamp_seconds" not in {name for name, _ in main}
    assert len(main) + len(success) == len(figures(Reading(run()), HELD, 0))


def test_a_failed_run_leaves_the_group_of_the_last_success_alone(stand_in: StandIn) -> None:
    assert publish(MetricsOptions(pushgateway=stand_in.url, job="cluster-a"), Reading(run(shop=False)), FAILED, 1) == []
    (heard,) = stand_in.heard
    assert heard.path.startswith("/metrics/job/cluster-a/")
    assert "namespace" not in heard.path  # not known beforehand, so not part of the key
    assert "last-success" not in heard.path


def test_a_user_in_the_url_is_sent_as_basic_authentication_and_the_password_is_not_shown(stand_in: StandIn) -> None:
    stand_in.status, stand_in.answer = 401, b"no\nmore"
    url = stand_in.url.replace("http://", "http://me:p%40ss@")
    (problem,) = publish(MetricsOptions(pushgateway=url), Reading(run()), HELD, 0)
    assert stand_in.heard[0].headers["Authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert problem == f"metrics were not pushed to {stand_in.url}: 401 Unauthorized: no"


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_cannot_be_reached_is_named_with_the_reason_and_the_others_go_on(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    path = tmp_path / "chaos.prom"
    (problem,) = publish(MetricsOptions(textfile=path, pushgateway=url), Reading(run()), HELD, 0)
    assert problem == f"metrics were not pushed to {url}: Connection refused"
    assert path.exists()


def test_a_defect_in_a_figure_costs_the_figures_and_not_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_history: History) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("chaos.metrics.figures.recoveries", broken)
    path = tmp_path / "chaos.prom"
    (problem,) = publish(MetricsOptions(textfile=path), Reading(run()), FAILED, 1)
    assert problem == "metrics lack what was measured: ZeroDivisionError: a defect"
    assert one(path.read_text(), "chaos_run_exit_code") == 1
    assert "chaos_recover" not in path.read_text()


def scrape(publisher: Publisher) -> str:
    assert publisher.endpoint is not None
    with urlopen(f"http://127.0.0.1:{publisher.endpoint.port}/metrics", timeout=10) as response:
        return str(response.read().decode())


def test_the_endpoint_serves_progress_first_and_the_figures_once_they_are_there() -> None:
    with Publisher(MetricsOptions(listen="127.0.0.1:0")) as publisher:
        assert scrape(publisher) == ""
        history = run()
        publisher.follow(history)
        assert one(scrape(publisher), "chaos_run_in_progress") == 1
        assert "chaos_verdict" not in scrape(publisher)
        assert publisher.publish(Reading(history), HELD, 0) == []
        text = scrape(publisher)
        assert one(text, "chaos_run_in_progress") == 0
        assert len(values(text)) == len(figures(Reading(history), HELD, 0)) + 1
        port = publisher.endpoint.port if publisher.endpoint else 0
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)


def test_an_address_in_use_is_an_error_before_the_run() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        publisher = Publisher(MetricsOptions(listen=listen))
        with pytest.raises(UsageError, match=f"cannot listen at {listen}: Address already in use"):
            publisher.__enter__()


def test_lingering_ends_with_a_signal_and_gives_the_handlers_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    sender = threading.Timer(0.0, os.kill, (os.getpid(), signal.SIGTERM))
    handled: list[object] = []

    def started(number: int, handler: object) -> object:
        previous = real(number, handler)  # type: ignore[arg-type]
        handled.append(number)
        if len(handled) == 2:
            sender.start()
        return previous

    real = signal.signal
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chaos.metrics.lingering.signal.signal", started)
        linger(3600.0)
    sender.join()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def attributes_of(request: ExportMetricsServiceRequest) -> dict[str, str]:
    return {a.key: a.value.string_value for a in request.resource_metrics[0].resource.attributes}


def test_otlp_sends_gauges_with_units_where_the_environment_says(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stand_in.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    history = run(shop=False)
    with Publisher(MetricsOptions(otlp=True)) as publisher:
        assert publisher.publish(Reading(history), HELD, 0) == []
    (heard,) = stand_in.heard
    assert (heard.method, heard.path, heard.headers["x-tenant"]) == ("POST", "/v1/metrics", "shop")
    request = ExportMetricsServiceRequest.FromString(gzip.decompress(heard.body))
    resource = attributes_of(request)
    assert resource["service.name"] == "chaos-identity"
    assert resource["deployment.environment.name"] == "test"
    assert resource["k8s.cluster.uid"] == "f00d"
    (scope,) = request.resource_metrics[0].scope_metrics
    metrics = {metric.name: metric for metric in scope.metrics}
    recovery = metrics["chaos.recovery.duration"]
    assert recovery.unit == "s"
    assert recovery.WhichOneof("data") == "gauge"
    points = sum(len(metric.gauge.data_points) for metric in metrics.values())
    assert points == len(figures(Reading(history), HELD, 0))
    keys = {a.key for point in recovery.gauge.data_points for a in point.attributes}
    assert keys == {d.EXPERIMENT, d.SIMULATED, d.STATEFULSET, d.RECORD, d.VIEW, d.STATISTIC, d.BOUND}


def test_otlp_names_the_service_as_the_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    data = metrics_data(figures(Reading(run()), HELD, 0), "")
    resource = data.resource_metrics[0].resource.attributes
    assert resource["service.name"] == "nightly"
    assert "k8s.cluster.uid" not in resource


def test_otlp_values_are_those_of_the_figures() -> None:
    points = figures(Reading(run()), HELD, 0)
    data = metrics_data(points, "")
    sent = {
        (metric.name, frozenset((point.attributes or {}).items())): point.value  # type: ignore[union-attr]
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
    }
    assert sent == {(p.metric.name, frozenset((k, v) for k, v in p.attributes.items() if v)): p.value for p in points}


def test_a_collector_that_refuses_is_a_warning_with_its_reason(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in.status = 403
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", stand_in.url + "/otlp")
    (problem,) = publish(MetricsOptions(otlp=True), Reading(run()), HELD, 0)
    assert problem.startswith(f"metrics were not exported to {stand_in.url}/otlp: ")
    assert "403" in problem
    assert capfd.readouterr().err == ""  # the SDK's own log lines are no messages for users
    assert [h.path for h in stand_in.heard] == ["/otlp"]


def test_a_collector_that_is_not_there_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setattr("opentelemetry.exporter.otlp.common.http.random.uniform", lambda _low, _high: 0.0)  # no waiting
    (problem,) = publish(MetricsOptions(otlp=True), Reading(run()), HELD, 0)
    assert problem.startswith(f"metrics were not exported to {url}/v1/metrics: ")
    assert "refused" in problem
    assert problem.endswith("; Failed to export metrics batch due to timeout, max retries or shutdown.")
