"""What ends a run early, by the user's own wish."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from chaos.errors import UsageError
from chaos.options.conditions import AnyCondition, QueryCondition, parse_condition
from chaos.options.kinds import Many, RefusedError, Text
from chaos.options.option import Trust, check_group, option

# A query may be long and hold anything but this.
_APART = ";;"


def _url(text: str) -> None:
    try:
        parts = urlsplit(text)
        host, login, _port = parts.hostname, parts.username or parts.password, parts.port
    except ValueError as exc:
        raise RefusedError(f"is no URL: {exc}") from exc
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() or ord(c) < ord(" ") for c in text):
        raise RefusedError("must be a URL such as https://prometheus.example:9090")
    if login:
        raise RefusedError("holds a login, which everybody on this machine can read; a token comes from a variable")
    if parts.query or parts.fragment:
        raise RefusedError("must end before /api/v1/query")


@dataclass(frozen=True, slots=True)
class AbortOptions:
    """What is watched from the steady state on; where it holds, the run is undone at once."""

    abort_if: tuple[str, ...] = option(
        Many("CONDITION", parse_condition, apart=_APART),
        (),
        "End and undo the run once this holds: 'outage.by-name > 5s', 'node/NAME: Ready != True for 30s' or "
        "'prometheus: QUERY'. Repeatable: any of them.",
    )
    prometheus: str = option(
        Text("URL", _url),
        "",
        "The Prometheus that such queries ask, with $CHAOS_PROMETHEUS_TOKEN where that is set.",
        trust=Trust.NAMED,
    )

    def __post_init__(self) -> None:
        check_group(self)
        asks = [one for one in self.conditions if isinstance(one, QueryCondition)]
        if asks and not self.prometheus:
            raise UsageError(
                f"--abort-if {asks[0].text!r} asks a Prometheus, and none is named", hint="--prometheus URL"
            )
        if self.prometheus and not asks:
            raise UsageError(
                "--prometheus is for --abort-if 'prometheus: QUERY'", hint="leave it out, or say the query"
            )

    @property
    def conditions(self) -> tuple[AnyCondition, ...]:
        """Of `abort_if`, each once."""
        return tuple(parse_condition(text) for text in dict.fromkeys(self.abort_if))
