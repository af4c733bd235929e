"""Brings the figures of a run to where they are wanted, and never stands in its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.error import HTTPError, URLError

from chaos.analysis.reading import Reading
from chaos.errors import ChaosError
from chaos.metrics import figures as f
from chaos.metrics.lingering import linger
from chaos.model import History, Verdict
from chaos.options.metrics import MetricsOptions, otlp_endpoint, without_password
from chaos.plugins import plugin

if TYPE_CHECKING:
    from chaos.metrics.endpoint import MetricsEndpoint

# Where figures can go. Each has an optional library, which a run that does not go there neither needs nor waits for;
# `MetricsOptions.validate` has found it installed by then.
_serving: Callable[[str, Callable[[], list[f.Point]]], MetricsEndpoint] = plugin(
    "chaos.metrics.endpoint:MetricsEndpoint"
)
_write: Callable[[Path, list[f.Point], dict[str, str]], None] = plugin("chaos.metrics.textfile:write_textfile")
_push: Callable[[str, str, list[f.Point], dict[str, str]], None] = plugin("chaos.metrics.pushgateway:push")
_export: Callable[[list[f.Point], str], None] = plugin("chaos.metrics.otlp:send")

_EXCERPT_CHARS = 300


class Publisher:
    """The exports of one run: a context around it.

    Entering it validates the options and begins to serve where that is asked for; so it belongs before anything of the
    cluster is touched.
    """

    def __init__(self, options: MetricsOptions) -> None:
        self._options = options
        self._followed: History | None = None
        self._final: list[f.Point] | None = None
        self.endpoint: MetricsEndpoint | None = None

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            UsageError: an option is impossible, a library is missing, or the address cannot be listened at.
        """
        self._options.validate()
        if self._options.listen:
            self.endpoint = _serving(self._options.listen, self._current)
            self.endpoint.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self.endpoint is not None:
            self.endpoint.stop()

    def follow(self, history: History) -> None:
        """Serve what is known of a run that goes on; the history is read while it is being recorded."""
        self._followed = history

    def publish(self, reading: Reading, verdicts: Sequence[Verdict], exit_code: int) -> list[str]:
        """Export the figures of a run that is over.

        Returns:
            What could not be exported, one text each. No error: an export must not change what a run concluded.
        """
        points, problems = _figures(self._options, reading, verdicts, exit_code)
        self._final = f.ended(points, reading.history)
        return problems + _send(self._options, reading.history, points)

    def linger(self) -> None:
        """Stay, if asked to, so that the figures can be scraped. Call it from the main thread, with no loop running."""
        if self.endpoint is not None and self._final is not None and self._options.linger_s:
            linger(self._options.linger_s)

    def _current(self) -> list[f.Point]:
        return f.progress(self._followed) if self._final is None else self._final


def publish(options: MetricsOptions, reading: Reading, verdicts: Sequence[Verdict], exit_code: int) -> list[str]:
    """Export the figures of a saved run to everything but an endpoint; returns what went wrong, as `Publisher` does."""
    points, problems = _figures(options, reading, verdicts, exit_code)
    return problems + _send(options, reading.history, points)


def _figures(
    options: MetricsOptions, reading: Reading, verdicts: Sequence[Verdict], exit_code: int
) -> tuple[list[f.Point], list[str]]:
    if not options.wanted:
        return [], []
    try:
        return f.figures(reading, verdicts, exit_code), []
    except Exception as exc:  # noqa: BLE001 - a defect in a figure must not change what the run concluded
        return f.outcome_of(reading.history, verdicts, exit_code), [f"metrics lack what was measured: {_reason(exc)}"]


def _send(options: MetricsOptions, history: History, points: list[f.Point]) -> list[str]:
    identity = f.identity(history)
    cluster_uid = str(history.meta.environment.get("cluster_fingerprint") or "")
    wanted: list[tuple[str, Callable[[], None]]] = []
    if (path := options.textfile) is not None:
        wanted.append((f"metrics were not written to {path}", lambda: _write(path, points, identity)))
    if url := options.pushgateway:
        what = f"metrics were not pushed to {without_password(url)}"
        wanted.append((what, lambda: _push(url, options.job, points, identity)))
    if options.otlp:
        what = f"metrics were not exported to {without_password(otlp_endpoint())}"
        wanted.append((what, lambda: _export(points, cluster_uid)))
    return [problem for what, act in wanted if points and (problem := _attempt(what, act))]


def _attempt(what: str, act: Callable[[], None]) -> str:
    """Empty where it succeeded."""
    try:
        act()
    except Exception as exc:  # noqa: BLE001 - whatever a client library raises must not change what the run concluded
        return f"{what}: {_reason(exc)}"
    return ""


def _reason(exc: Exception) -> str:
    if isinstance(exc, HTTPError):
        with exc:  # the Pushgateway explains itself in the body
            body = exc.read(_EXCERPT_CHARS).decode(errors="replace").strip().partition("\n")[0]
        return f"{exc.code} {exc.reason}" + (f": {body}" if body else "")
    if isinstance(exc, URLError) and isinstance(exc.reason, Exception):
        return _reason(exc.reason)
    if isinstance(exc, ChaosError):
        return exc.message
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return f"{type(exc).__name__}: {exc}"
