"""The tables of docs/metrics.md. `python -m chaos.metrics.document docs/metrics.md` puts them right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from chaos.metrics.definitions import ATTRIBUTES, IDENTITY, METRICS, label

_BEGIN, _END = "<!-- {} begin -->", "<!-- {} end -->"


def updated(text: str) -> str:
    """The document with its tables as the definitions give them.

    Raises:
        ValueError: a marker is missing.
    """
    for name, table in (("metrics", _metrics()), ("labels", _labels())):
        begin, end = _BEGIN.format(name), _END.format(name)
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"the document has no {begin} … {end}")
        text = before + begin + "\n\n" + "\n".join(table) + "\n\n" + end + after
    return text


def _metrics() -> Iterator[str]:
    yield "| Prometheus | OpenTelemetry | unit | more labels | what |"
    yield "|---|---|---|---|---|"
    for metric in METRICS:
        labels = ", ".join(f"`{label(a)}`" for a in metric.attributes)
        where = " Only at the endpoint." if metric.endpoint_only else ""
        unit = f"`{metric.unit}`"
        yield f"| `{metric.prometheus}` | `{metric.name}` | {unit} | {labels} | {metric.help}{where} |"


def _labels() -> Iterator[str]:
    yield "| label | attribute | on | what |"
    yield "|---|---|---|---|"
    for attribute, meaning in ATTRIBUTES.items():
        on = "every metric" if attribute in IDENTITY else ", ".join(_bearers(attribute))
        yield f"| `{label(attribute)}` | `{attribute}` | {on} | {meaning} |"


def _bearers(attribute: str) -> Iterator[str]:
    return (f"`{metric.prometheus}`" for metric in METRICS if attribute in metric.attributes)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
