"""Sends the figures of a run to an OpenTelemetry collector, over OTLP/HTTP."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult, MetricsData
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource

import chaos
from chaos.errors import ChaosError
from chaos.metrics.definitions import METRICS
from chaos.metrics.figures import Point
from chaos.options.metrics import DEFAULT_JOB

_TIMEOUT_S = 10.0  # the specification's default
_LONGEST_S = 30.0
_UNNAMED = "unknown_service"  # what the SDK calls a service that nobody named


def send(points: Iterable[Point], cluster_uid: str) -> None:
    """Export once, and wait until it is over.

    Endpoint, headers, certificates, compression and timeout are those of the ``OTEL_EXPORTER_OTLP_*`` variables, name
    and attributes of the resource those of ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES``.

    Raises:
        ChaosError: it was not accepted; says what the exporter gave as the reason.
    """
    with _overheard() as said:
        exporter = OTLPMetricExporter(timeout=_timeout_s())
        data = metrics_data(points, cluster_uid)
        result = exporter.export(data)
        exporter.shutdown()
    if result is not MetricExportResult.SUCCESS:
        # The exporter logs each attempt: the first message has the cause, the last says that it gave up.
        raise ChaosError("; ".join(dict.fromkeys(said[:1] + said[-1:])) or "the exporter gave no reason")


def metrics_data(points: Iterable[Point], cluster_uid: str) -> MetricsData:
    """The points as the SDK hands them to an exporter. An attribute without a value is left out."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=_resource(cluster_uid), shutdown_on_exit=False)
    meter = provider.get_meter("chaos", chaos.__version__)
    gauges = {metric.name: meter.create_gauge(metric.name, metric.unit, metric.help) for metric in METRICS}
    for point in points:
        gauges[point.metric.name].set(point.value, {name: value for name, value in point.attributes.items() if value})
    data = reader.get_metrics_data()
    provider.shutdown()
    return data or MetricsData([])


def _resource(cluster_uid: str) -> Resource:
    """Who reports: what the environment says goes before what is known here."""
    known = {SERVICE_NAME: DEFAULT_JOB, SERVICE_VERSION: chaos.__version__}
    if cluster_uid:
        known["k8s.cluster.uid"] = cluster_uid
    detected = Resource.create()
    named = not str(detected.attributes.get(SERVICE_NAME, _UNNAMED)).startswith(_UNNAMED)
    merged = Resource(known).merge(detected)
    return merged if named else merged.merge(Resource({SERVICE_NAME: DEFAULT_JOB}))


def _timeout_s() -> float:
    """The timeout of the environment, in seconds as the Python SDK reads it.

    The specification says milliseconds: who set 10000 must not wait for hours at the end of a run.
    """
    name = "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"
    raw = os.environ.get(name) or os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") or ""
    try:
        given_s = float(raw)
    except ValueError:
        given_s = _TIMEOUT_S
    return min(given_s, _LONGEST_S) if given_s > 0 else _TIMEOUT_S


class _Listener(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What the SDK logs: the only place where it says why an export failed; kept off stderr, where it means nothing."""
    said: list[str] = []
    logger = logging.getLogger("opentelemetry")
    listener, propagated = _Listener(said), logger.propagate
    logger.addHandler(listener)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagated
