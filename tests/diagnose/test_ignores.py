"""Ignores: findings that somebody lives with, for a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.diagnose import Diagnosis, Snapshot, diagnose, ignoring, read_ignores
from chaos.errors import UsageError
from tests.diagnose.looking import keys, service, view_of

SET = """---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web, annotations: {{chaos-identity.io/ignore: "{}"}}}}
spec:
  serviceName: web
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: c, image: nginx, ports: [{{containerPort: 80, name: web}}]}}]}}
"""


def found(annotation: str, *, live: bool = False) -> Diagnosis:
    view = view_of(service(), SET.format(annotation))
    view = Snapshot(view.items, view.where, live=live)
    return ignoring(diagnose(view), view)


def test_an_annotation_with_a_reason_takes_the_objects_findings_out() -> None:
    """They are kept apart, with the reason and the line that says it; those of other objects stay."""
    now = found("few-replicas: a cache that may be empty")
    assert keys(now) == []
    (row,) = now.ignored
    assert (row.finding.check, row.reason, row.said_in.line) == ("few-replicas", "a cache that may be empty", 4)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ("few-replicas", "ignores few-replicas without a reason"),
        ("few-replicas: ", "ignores few-replicas without a reason"),
        ("few-replica: it is small", "there is no check 'few-replica'; did you mean few-replicas?"),
    ],
)
def test_an_annotation_that_can_be_none_is_an_error_and_ignores_nothing(annotation: str, said: str) -> None:
    """A reason is for who reads it later."""
    now = found(annotation)
    assert keys(now) == [("error", "ignore", "StatefulSet/web"), ("note", "few-replicas", "StatefulSet/web")]
    assert said in now.findings[0].what


def test_an_ignore_that_matches_nothing_is_told_where_its_check_was_made() -> None:
    """Without a cluster nobody knows what is not Ready."""
    now = found("few-replicas: a cache; not-ready: a batch job; port: none")
    assert [(f.check, f.severity.value) for f in now.findings] == [("ignore", "note")]
    assert "it ignores port of StatefulSet/web" in now.findings[0].what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = [", "is no TOML"),
        ("a = 1", "has no list"),
        ('[[ignore]]\ncheck = "port"\nobject = "Service/a"', "number 1 in .* has no reason"),
        ('[[ignore]]\ncheck = "port"\nobject = "Service/a"\nreason = " "', "has no reason"),
        ('[[ignore]]\ncheck = "prot"\nobject = "Service/a"\nreason = "x"', "did you mean port"),
        ('[[ignore]]\ncheck = "port"\nreason = "x"', "names no object"),
        ('[[ignore]]\ncheck = "port"\nobject = "Service/a"\nreason = "x"\nwhy = "x"', "'why', which is nothing"),
        ("[[ignore]]\ncheck = 5", "is no ignore"),
    ],
)
def test_a_file_of_ignores_that_can_be_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """With its number in the file."""
    (tmp_path / "i.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_ignores(tmp_path / "i.toml")


def test_a_file_names_objects_with_wildcards_and_a_namespace(tmp_path: Path) -> None:
    """One elsewhere is not meant."""
    text = '[[ignore]]\ncheck = "few-replicas"\nobject = "StatefulSet/w*"\nnamespace = "{}"\nreason = "x"'
    view = view_of(service(), SET.format(""))
    for namespace, count in (("default", 1), ("other", 0)):
        (tmp_path / "i.toml").write_text(text.format(namespace))
        assert len(ignoring(diagnose(view), view, read_ignores(tmp_path / "i.toml")).ignored) == count
