"""Pushes the figures of a run to a Pushgateway."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from prometheus_client import push_to_gateway
from prometheus_client.exposition import basic_auth_handler, default_handler

from chaos.metrics.definitions import LAST_SUCCESS, label
from chaos.metrics.exposition import registry
from chaos.metrics.figures import Point
from chaos.options.metrics import without_password

_TIMEOUT_S = 10.0
# Label and value of the second group.
KEPT = ("group", "last-success")


def push(url: str, job: str, points: Iterable[Point], identity: dict[str, str]) -> None:
    """Replace the figures of what was measured with those of this run.

    PUT, and not POST: POST replaces only metrics that this run has, so the recovery times of an older run would stand
    beside the failure of this one as if both were of today. The time of the last success must outlive a failed run, so
    it lies in a group of its own, which only a successful run replaces.

    Raises:
        OSError: it was not reached, or refused.
        http.client.HTTPException: its answer is no HTTP.
    """
    grouping = {label(attribute): value for attribute, value in identity.items() if value}
    groups: list[tuple[dict[str, str], list[Point]]] = [(grouping, []), ({**grouping, KEPT[0]: KEPT[1]}, [])]
    for point in points:
        groups[point.metric is LAST_SUCCESS][1].append(point)
    for key, mine in groups:
        if mine:
            content = registry(partial(list, mine))
            push_to_gateway(
                without_password(url), job, content, grouping_key=key, timeout=_TIMEOUT_S, handler=_handler(url)
            )


def _handler(url: str) -> Callable[..., Any]:
    """What sends: with basic authentication where the URL holds a user name."""
    parts = urlsplit(url)
    if parts.username is None:
        return default_handler
    user, password = unquote(parts.username), unquote(parts.password or "")

    return partial(basic_auth_handler, username=user, password=password)
