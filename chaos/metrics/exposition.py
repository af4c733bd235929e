"""Points as Prometheus metric families."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from chaos.metrics.definitions import IDENTITY, METRICS, label
from chaos.metrics.figures import Point


def registry(points: Callable[[], Iterable[Point]]) -> CollectorRegistry:
    """A registry of its own (nothing about the Python process in it) that asks for the points at each collection."""

    class Figures(Collector):
        def collect(self) -> Iterable[GaugeMetricFamily]:
            return _families(points())

    made = CollectorRegistry()
    made.register(Figures())
    return made


def exposition(points: Iterable[Point]) -> bytes:
    """The text format, version 0.0.4."""
    kept = list(points)
    return generate_latest(registry(lambda: kept))


def _families(points: Iterable[Point]) -> Iterable[GaugeMetricFamily]:
    by_metric: dict[str, list[Point]] = {}
    for point in points:
        by_metric.setdefault(point.metric.name, []).append(point)
    for metric in METRICS:
        mine = by_metric.get(metric.name)
        if not mine:
            continue
        attributes = (*IDENTITY, *metric.attributes)
        family = GaugeMetricFamily(metric.prometheus, metric.help, labels=[label(a) for a in attributes])
        for point in mine:
            family.add_metric([point.attributes.get(a, "") for a in attributes], point.value)
        yield family
