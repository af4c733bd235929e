"""Exports the figures of a run: Prometheus text (file, Pushgateway, endpoint) and OpenTelemetry. Off by default."""

from chaos.metrics.figures import not_begun
from chaos.metrics.publisher import Publisher, publish
from chaos.options.metrics import MetricsOptions

__all__ = ["MetricsOptions", "Publisher", "not_begun", "publish"]
