"""Exports the figures of a run: Prometheus text (file, Pushgateway, endpoint) and OpenTelemetry. Off by default."""

from chaos.metrics.figures import not_begun
from chaos.metrics.options import MetricsOptions
from chaos.metrics.publisher import Publisher, publish

__all__ = ["MetricsOptions", "Publisher", "not_begun", "publish"]
