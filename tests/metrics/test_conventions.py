"""Names, units and help as Prometheus and OpenTelemetry want them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from chaos.analysis.checkers import CHECKERS, judge
from chaos.analysis.reading import Reading
from chaos.metrics.definitions import ATTRIBUTES, IDENTITY, METRICS, Metric, label
from chaos.metrics.document import updated
from chaos.metrics.exposition import exposition
from chaos.metrics.figures import figures
from tests.histories import pod_replacement

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "metrics.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
each_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.prometheus)


@each_metric
def test_prometheus_names_have_base_units_and_no_reserved_endings(metric: Metric) -> None:
    """The rules of `promtool check metrics`, for gauges."""
    name = metric.prometheus
    assert re.fullmatch(r"chaos(_[a-z][a-z0-9]*)+", name)
    assert not name.endswith(("_total", "_count", "_sum", "_bucket"))
    assert name.endswith("_seconds") == (metric.unit == "s")
    assert not re.search(r"_(gauge|counter|histogram|summary|milliseconds|ms|minutes|hours|bytes_per)(_|$)", name)
    assert metric.help.endswith(".")
    assert "\n" not in metric.help


@each_metric
def test_opentelemetry_names_are_namespaced_and_units_are_ucum(metric: Metric) -> None:
    assert re.fullmatch(r"chaos(\.[a-z][a-z_]*)+", metric.name)
    assert metric.unit == "s" or re.fullmatch(r"\{[a-z]+\}", metric.unit)
    assert set(metric.attributes) <= set(ATTRIBUTES)
    assert not set(metric.attributes) & set(IDENTITY)


def test_labels_are_legal_distinct_and_do_not_collide_with_those_of_a_scrape() -> None:
    labels = [label(attribute) for attribute in ATTRIBUTES]
    assert len(set(labels)) == len(labels)
    for name in labels:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert name not in {"job", "instance", "pod", "namespace", "container", "node", "le", "quantile", "group"}


def test_attributes_that_opentelemetry_defines_are_called_as_it_calls_them() -> None:
    attributes = pytest.importorskip("opentelemetry.semconv._incubating.attributes.k8s_attributes")
    known = {value for name, value in vars(attributes).items() if name.startswith("K8S_") and isinstance(value, str)}
    mine = {a for a in ATTRIBUTES if a.startswith("k8s.")}
    assert len(mine) >= 4
    assert mine <= known


def families() -> dict[str, Any]:
    history = pod_replacement()
    text = exposition(figures(Reading(history), judge(Reading(history), list(CHECKERS)), 0)).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_the_exposition_parses_and_holds_what_is_defined_and_nothing_else() -> None:
    found = families()
    assert len(found) >= 15
    defined = {m.prometheus: m for m in METRICS}
    for name, family in found.items():
        metric = defined[name]
        assert (family.type, family.documentation) == ("gauge", metric.help)
        wanted = {label(a) for a in (*IDENTITY, *metric.attributes)}
        assert family.samples
        assert all(set(sample.labels) == wanted for sample in family.samples)


def test_the_tables_of_the_document_are_those_of_the_definitions() -> None:
    """`python -m chaos.metrics.document docs/metrics.md` puts them right."""
    assert updated(TEXT) == TEXT


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="metrics begin"):
        updated("# nothing")


def rules() -> list[dict[str, Any]]:
    """The example alerts."""
    blocks = re.findall(r"(?:^    .*\n?)+", TEXT, re.MULTILINE)
    block = next(b for b in blocks if b.lstrip().startswith("groups:"))
    (group,) = yaml.safe_load(block)["groups"]
    return list(group["rules"])


def selectors(expression: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name, inside in re.findall(r"(chaos_\w+)\{([^}]*)\}", expression):
        yield name, dict(re.findall(r'(\w+)="([^"]*)"', inside))


def test_alerts_ask_for_metrics_and_labels_that_exist_and_leave_simulated_runs_out() -> None:
    defined = {m.prometheus: {label(a) for a in (*IDENTITY, *m.attributes)} for m in METRICS}
    exported = families()
    assert len(rules()) >= 6
    for rule in rules():
        asked = list(selectors(rule["expr"]))
        assert len(asked) == rule["expr"].count("chaos_")
        for name, labels in asked:
            assert set(labels) <= defined[name]
            assert labels.pop("simulated") == "false"
            assert any(labels.items() <= sample.labels.items() for sample in exported[name].samples)
        for used in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert used in defined[asked[0][0]]
