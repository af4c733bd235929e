"""Where the figures of a run are to go, checked before the run begins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from chaos.errors import UsageError
from chaos.options import Duration, File, Flag, Text, Trust, check_group, option

DEFAULT_JOB = "chaos-identity"
EXTRA = "metrics"
_LARGEST_PORT = 65535
_LONGEST_LINGER_S = 86_400.0
_CERTIFICATES = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """Where the figures go; nowhere by default.

    Attributes:
        textfile: the name ends in ``.prom``, as node_exporter asks for.
        pushgateway: URL, without ``/metrics/job/…``; may hold ``user:password@``.
        listen: ``ADDRESS:PORT``; ``:PORT`` is every address.
    """

    textfile: Path | None = option(
        File("FILE.prom"),
        None,
        "Metrics for node_exporter's textfile collector.",
        name="metrics-textfile",
        trust=Trust.ENVIRONMENT,
    )
    pushgateway: str = option(
        Text("URL"), "", "Metrics to a Pushgateway.", name="metrics-pushgateway", trust=Trust.ENVIRONMENT, secret=True
    )
    job: str = option(Text("NAME"), DEFAULT_JOB, "Job of a push; two clusters need two.", name="metrics-job")
    listen: str = option(
        Text("ADDRESS:PORT"),
        "",
        "Serve metrics for Prometheus while the command lives.",
        name="metrics-listen",
        trust=Trust.ENVIRONMENT,
    )
    linger_s: float = option(
        Duration(0, _LONGEST_LINGER_S, zero=True),
        0.0,
        "Go on serving them for so long after the run.",
        name="metrics-linger",
    )
    otlp: bool = option(
        Flag(),
        False,
        "Metrics to an OpenTelemetry collector, as OTEL_* variables say.",
        name="metrics-otlp",
        trust=Trust.ENVIRONMENT,
    )

    @property
    def wanted(self) -> bool:
        """Whether anything is to be exported."""
        return bool(self.textfile or self.pushgateway or self.listen or self.otlp)

    def validate(self) -> None:
        """Find out what can be found out before a run.

        Raises:
            UsageError: an option says something impossible, or its library is not installed.
        """
        check_group(self)
        if self.job != DEFAULT_JOB and not self.pushgateway:
            raise UsageError("--metrics-job without --metrics-pushgateway", hint="nothing would be pushed")
        if self.textfile is not None:
            _check_textfile(self.textfile)
        if self.pushgateway:
            url = http_url(self.pushgateway, "--metrics-pushgateway")
            if url.query or url.fragment or "/metrics/job" in url.path:
                raise UsageError(
                    f"--metrics-pushgateway {without_password(self.pushgateway)} says more than where it is",
                    hint="such as http://pushgateway.monitoring:9091",
                )
            if not self.job:
                raise UsageError("--metrics-job is empty", hint=f"leave it out for {DEFAULT_JOB}")
        if self.listen:
            listen_address(self.listen)
        self._check_linger()
        if self.otlp:
            _check_otel()
        if self.textfile or self.pushgateway or self.listen:
            _require("prometheus_client", "Prometheus metrics")

    def _check_linger(self) -> None:
        if self.linger_s and not self.listen:
            raise UsageError("--metrics-linger without --metrics-listen", hint="nothing would be served meanwhile")


def listen_address(text: str) -> tuple[str, int]:
    """Address and port of ``ADDRESS:PORT``.

    Raises:
        UsageError: it is none.
    """
    address, colon, port = text.rpartition(":")
    bare = address.removeprefix("[").removesuffix("]")
    bracketed = address != bare
    if not colon or not port.isascii() or not port.isdigit() or int(port) > _LARGEST_PORT or (":" in bare) != bracketed:
        raise UsageError(f"--metrics-listen {text} is no ADDRESS:PORT", hint="such as 127.0.0.1:9464 or [::1]:9464")
    return bare or "0.0.0.0", int(port)  # noqa: S104 - ":PORT" asks for every address


def http_url(text: str, source: str) -> SplitResult:
    """The parts of an http or https URL.

    Raises:
        UsageError: it is none; `source` is who gave it.
    """
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        valid = False
    if not valid or any(c.isspace() for c in text):
        raise UsageError(f"{source} {without_password(text)} is no http or https URL", hint="such as http://HOST:PORT")
    return url


def without_password(url: str) -> str:
    """A URL that may be shown."""
    scheme, slashes, rest = url.partition("//")
    if not slashes:
        scheme, rest = "", url
    authority, slash, path = rest.partition("/")
    return scheme + slashes + authority.rpartition("@")[2] + slash + path


def otlp_endpoint() -> str:
    """The URL that the exporter will take from the environment (OpenTelemetry specification, OTLP exporter)."""
    if own := os.environ.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"):
        return own
    base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or "http://localhost:4318"
    return f"{base.removesuffix('/')}/v1/metrics"


def _check_textfile(path: Path) -> None:
    if path.suffix != ".prom":
        raise UsageError(
            f"--metrics-textfile {path} does not end in .prom",
            hint="node_exporter's textfile collector reads only those",
        )
    if path.is_dir():
        raise UsageError(f"--metrics-textfile {path} is a folder", hint=f"name a file in it: {path / 'chaos.prom'}")
    if not path.parent.is_dir():
        raise UsageError(f"--metrics-textfile {path}: there is no folder {path.parent}", hint="create it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"--metrics-textfile {path}: the folder {path.parent} cannot be written")


def _check_otel() -> None:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        raise UsageError("--metrics-otlp, but OTEL_SDK_DISABLED is true", hint="unset one of them")
    exporters = os.environ.get("OTEL_METRICS_EXPORTER") or "otlp"
    if "otlp" not in [name.strip() for name in exporters.split(",")]:
        raise UsageError(f"--metrics-otlp, but OTEL_METRICS_EXPORTER is {exporters}", hint="unset one of them")
    for name in ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := os.environ.get(name):
            if protocol != "http/protobuf":
                raise UsageError(
                    f"{name} is {protocol}, which this tool does not speak",
                    hint="set it to http/protobuf, and the endpoint to the collector's HTTP port, usually 4318",
                )
            break
    source = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT:"
    http_url(otlp_endpoint(), source)
    for what in _CERTIFICATES:
        name = f"OTEL_EXPORTER_OTLP_METRICS_{what}"
        path = os.environ.get(name) or os.environ.get(name := f"OTEL_EXPORTER_OTLP_{what}")
        if path and not Path(path).is_file():
            raise UsageError(f"{name}: there is no file {path}")
    _require("opentelemetry.sdk.metrics", "OpenTelemetry metrics")
    _require("opentelemetry.exporter.otlp.proto.http.metric_exporter", "OpenTelemetry metrics")


def _require(module: str, what: str) -> None:
    try:
        found = find_spec(module) is not None
    except ModuleNotFoundError:  # a parent package is missing
        found = False
    if not found:
        raise UsageError(
            f"{what} need the Python package {module.partition('.')[0]}, which is not installed",
            hint=f'install it with: pip install "chaos-identity[{EXTRA}]"',
        )
