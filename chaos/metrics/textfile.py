"""A file for node_exporter's textfile collector."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from chaos.metrics.definitions import IDENTITY, LAST_SUCCESS, label
from chaos.metrics.exposition import exposition
from chaos.metrics.figures import Point
from chaos.model.private import read_file

_MOST_BYTES = 16 << 20
_MODE = 0o644  # node_exporter runs as another user


def write_textfile(path: Path, points: Iterable[Point], identity: dict[str, str]) -> None:
    """Write the file in one step: a collector that reads at any moment sees the old one or the new one.

    The time of the last success is kept from the old file where this run was none.

    Raises:
        OSError: it cannot be written.
    """
    wanted = list(points)
    if not any(point.metric is LAST_SUCCESS for point in wanted):
        wanted.extend(_kept_success(path, identity))
    # A name that does not end in .prom: the collector must not read half a file.
    descriptor, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _MODE)
            file.write(exposition(wanted))
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _kept_success(path: Path, identity: dict[str, str]) -> list[Point]:
    """The last success of the same thing, as the file tells it; nothing where there is none, or it is not ours."""
    labels = {label(attribute): identity.get(attribute, "") for attribute in IDENTITY}
    try:
        text = read_file(path, _MOST_BYTES).decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    except (OSError, ValueError):
        return []
    return [
        Point(LAST_SUCCESS, identity, sample.value)
        for sample in samples
        if sample.name == LAST_SUCCESS.prometheus and sample.labels == labels
    ]
