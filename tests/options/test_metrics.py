"""What is refused before a run begins."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from chaos.errors import UsageError
from chaos.metrics import MetricsOptions
from chaos.metrics.otlp import _timeout_s
from chaos.options.metrics import listen_address, without_password


def refused(options: MetricsOptions) -> str:
    with pytest.raises(UsageError) as caught:
        options.validate()
    return str(caught.value)


def test_a_textfile_needs_the_ending_that_the_collector_looks_for(tmp_path: Path) -> None:
    assert "does not end in .prom" in refused(MetricsOptions(textfile=tmp_path / "chaos.txt"))
    assert "there is no folder" in refused(MetricsOptions(textfile=tmp_path / "none" / "chaos.prom"))
    (tmp_path / "dir.prom").mkdir()
    assert "is a folder" in refused(MetricsOptions(textfile=tmp_path / "dir.prom"))


@pytest.mark.parametrize(
    "url",
    ["pushgateway:9091", "ftp://gateway", "http://", "http://gateway:port", "http://gateway:99999", "http://a b/"],
)
def test_a_pushgateway_is_an_http_url(url: str) -> None:
    assert f"--metrics-pushgateway {url} is no http or https URL" in refused(MetricsOptions(pushgateway=url))


@pytest.mark.parametrize("rest", ["/metrics/job/mine", "/?x=1", "/#x"])
def test_a_pushgateway_url_holds_no_group(rest: str) -> None:
    assert "says more than where it is" in refused(MetricsOptions(pushgateway="http://gateway:9091" + rest))


def test_messages_show_no_password() -> None:
    said = refused(MetricsOptions(pushgateway="http://me:secret@gateway:9091/metrics/job/x"))
    assert "secret" not in said
    assert without_password("https://me:se@cret@host:1/a/b@c") == "https://host:1/a/b@c"
    assert without_password("http://host/x") == "http://host/x"
    assert without_password("me:secret@host") == "host"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("[::1]:9464", ("::1", 9464)),
        (":9464", ("0.0.0.0", 9464)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_listen_takes_an_address_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert listen_address(text) == address


@pytest.mark.parametrize(
    "text", ["9464", "localhost", "::1:9464", "localhost:", "localhost:65536", "localhost:-1", ":x"]
)
def test_listen_refuses_everything_else(text: str) -> None:
    assert f"--metrics-listen {text} is no ADDRESS:PORT" in refused(MetricsOptions(listen=text))


def test_lingering_needs_something_to_serve() -> None:
    assert "without --metrics-listen" in refused(MetricsOptions(linger_s=30))
    assert "--metrics-linger -1s must lie between 0 and" in refused(MetricsOptions(listen=":1", linger_s=-1))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_SDK_DISABLED", "true", "OTEL_SDK_DISABLED is true"),
        ("OTEL_METRICS_EXPORTER", "none", "OTEL_METRICS_EXPORTER is none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL is grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL is grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "collector:4318/v1/metrics is no http or https URL"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "nonsense", "nonsense is no http or https URL"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "no-such.pem", "there is no file no-such.pem"),
    ],
)
def test_an_environment_that_contradicts_otlp_is_refused(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    MetricsOptions(otlp=True).validate()
    monkeypatch.setenv(name, value)
    assert said in refused(MetricsOptions(otlp=True))


def test_the_protocol_for_metrics_goes_before_the_one_for_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf")
    MetricsOptions(otlp=True).validate()


@pytest.mark.parametrize(("given", "taken"), [("", 10), ("2.5", 2.5), ("10000", 30), ("soon", 10), ("-1", 10)])
def test_a_timeout_in_the_specifications_milliseconds_does_not_hold_the_run_up(
    given: str, taken: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", given)
    assert _timeout_s() == taken


@pytest.mark.parametrize(
    ("missing", "options"),
    [
        ("prometheus_client", MetricsOptions(listen=":9464")),
        ("prometheus_client", MetricsOptions(pushgateway="http://gateway:9091")),
        ("opentelemetry", MetricsOptions(otlp=True)),
    ],
)
def test_a_library_that_is_not_installed_is_told_with_the_extra(
    missing: str, options: MetricsOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        if name == missing:
            return None
        if name.startswith(f"{missing}."):
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return real(name, package)

    monkeypatch.setattr("chaos.options.metrics.find_spec", without)
    said = refused(options)
    assert f"need the Python package {missing}, which is not installed" in said
    assert 'pip install "chaos-identity[metrics]"' in said


def test_options_are_checked_without_importing_what_they_need() -> None:
    """`chaos run` must not pay for an exporter that nobody asked for."""
    script = (
        "import sys, chaos.metrics as m; m.MetricsOptions(listen=':1', otlp=True).validate();"
        "heavy = {'prometheus_client', 'opentelemetry.sdk.metrics', 'requests', 'pandas'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
