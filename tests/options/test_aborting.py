"""What `--abort-if` takes, and what it says of what it does not take."""

from __future__ import annotations

import pytest

from chaos.errors import UsageError
from chaos.options.aborting import AbortOptions
from chaos.options.conditions import FigureCondition, ObjectCondition, QueryCondition, parse_condition
from chaos.options.hooks import HookOptions
from chaos.options.option import Trust, options_in

QUERY = "prometheus: sum(rate(http_errors_total{job='api'}[1m])) > 5"
SERVER = "https://prometheus.example:9090"


def said_of(text: str, prometheus: str = "") -> str:
    with pytest.raises(UsageError) as caught:
        AbortOptions((text,), prometheus)
    return str(caught.value)


def test_the_three_kinds_are_told_apart() -> None:
    assert parse_condition("outage.by-name>1m30s") == FigureCondition(
        "outage.by-name>1m30s", "outage.by-name", 90, False
    )
    assert parse_condition("dns.failing >= 500ms").at_least  # type: ignore[union-attr]
    assert parse_condition(QUERY) == QueryCondition(QUERY, "sum(rate(http_errors_total{job='api'}[1m])) > 5")
    text = "node/node-1.example: Ready != True for 30s"
    assert parse_condition(text) == ObjectCondition(text, "Node", "node-1.example", "Ready", "True", False, 30)
    assert parse_condition("pvc/data-web-0: example.com/Grown = True").kind == "PersistentVolumeClaim"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outage.by-nam > 5s", "did you mean outage.by-name or"),
        ("stage.dns.p50 > 5s", "stages are known only once the run is over"),
        ("outage.by-name > 5", ""),
        ("outage.by-name > fast", "is no time"),
        ("outage.by-name > 0s", "must lie above 0"),
        ("outage.by-name < 5s", "is no condition"),
        ("prometheus:", "has no query"),
        ("pods/web-0: Ready != True", "did you mean pod?"),
        ("statefulset/db: Ready != True", "of kinds that have conditions: pod, node, deployment, job, pvc"),
        ("pod/Web_0: Ready != True", "cannot be a name"),
        ("pod/web-0: Redy != True", "did you mean Ready?"),
        ("pod/web-0: Ready != yes", "a condition is True, False or Unknown"),
        ("pod/web-0: Ready", "does not say which condition has which status"),
        ("pod/web-0: Ready != True for ever", "is no time"),
        ("x" * 3000, "is longer than"),
        ("", "is empty"),
    ],
)
def test_what_is_none_is_refused_with_what_was_meant(text: str, said: str) -> None:
    if not said:  # seconds
        assert AbortOptions((text,)).conditions[0].limit_s == 5  # type: ignore[union-attr]
        return
    assert said in said_of(text)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("prometheus.example:9090", "must be a URL"),
        ("file:///etc/passwd", "must be a URL"),
        ("https://user:password@prometheus.example", "holds a login"),
        ("https://prometheus.example/?q=1", "must end before /api/v1/query"),
        ("https://[", "is no URL"),
    ],
)
def test_a_url_that_cannot_be_asked_is_refused(url: str, said: str) -> None:
    assert said in said_of(QUERY, url)


def test_a_query_needs_a_server_and_a_server_a_query() -> None:
    assert "none is named" in said_of(QUERY)
    assert "is for --abort-if" in said_of("outage.by-name > 5s", SERVER)
    assert AbortOptions((QUERY, QUERY), SERVER).conditions == (parse_condition(QUERY),)


def test_conditions_may_stand_anywhere_and_what_sends_data_or_runs_commands_only_where_it_is_named() -> None:
    trust = {one.name: one.trust for group in (AbortOptions, HookOptions) for one in options_in(group)}
    assert trust.pop("abort-if") is Trust.ANYWHERE
    assert set(trust.values()) == {Trust.NAMED}


def test_a_variable_has_conditions_apart_by_two_semicolons_since_they_hold_spaces() -> None:
    (kind,) = (one.kind for one in options_in(AbortOptions) if one.name == "abort-if")
    given = kind.read(f"outage.by-name > 5s;; {QUERY} ;;")
    assert given == ("outage.by-name > 5s", QUERY)
    assert kind.read(kind.write(given)) == given
