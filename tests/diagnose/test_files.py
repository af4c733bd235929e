"""Files: what is read from them, with lines, and what is said about those that cannot be read."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from chaos.diagnose import read_files
from chaos.diagnose.files import parse
from chaos.errors import UsageError

LIST = """apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: a}}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b, creationTimestamp: 2026-01-01T00:00:00Z}
"""


def test_each_object_of_a_list_has_its_own_line() -> None:
    found = list(parse(LIST, "x.yaml", "default"))
    assert [(i.kind, i.name, i.namespace, i.reference().line) for i in found] == [
        ("Namespace", "a", "", 4),
        ("ConfigMap", "b", "default", 5),
    ]
    assert found[1].object["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_a_line_of_a_script_is_found_in_its_block() -> None:
    item = next(parse("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    one\n    two\n", "x", ""))
    assert item.reference("data", "a", offset=1).line == 6
    assert item.reference("data", "none").line == 3


def test_json_is_yaml_too() -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}})
    assert [i.name for i in parse(text, "x", "")] == ["a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\nb: 2", "x.yaml:2: this is no YAML"),
        ("a: b\n\tc: d", "x.yaml:2: this is no YAML"),
        ("- 1", "x.yaml:1: this document is no Kubernetes object"),
        ("apiVersion: v1\nkind: A\n---\nb: 1", "x.yaml:4: this document is no Kubernetes object"),
        ("&a [*a]", "a value contains itself"),
        ("a: !!python/object:os.system x", "x.yaml:1: this is no YAML"),
        ("apiVersion: v1\nkind: A\nx: {[1]: 2}", "x.yaml:3: this is no YAML"),
    ],
)
def test_what_is_no_manifest_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        list(parse(text, "x.yaml", "default"))
    assert message in caught.value.message


def test_aliases_that_explode_are_refused() -> None:
    rows = ["apiVersion: v1", "kind: A", "a0: &a0 [x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    with pytest.raises(UsageError, match="more than 1000000 values"):
        list(parse("\n".join(rows), "x.yaml", "default"))


def test_a_file_that_is_not_there_and_one_that_is_no_text(tmp_path: Path) -> None:
    binary = tmp_path / "b"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_files([str(tmp_path / "none")], "default")
    with pytest.raises(UsageError, match="is no text"):
        read_files([str(binary)], "default")


def test_a_folder_stands_for_the_manifests_in_it(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "notes.md"):
        (tmp_path / name).write_text("{apiVersion: v1, kind: Service, metadata: {name: x}}")
    assert [Path(i.reference().file).name for i in read_files([str(tmp_path)], "default")] == ["a.json", "b.yaml"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is a folder without"):
        read_files([str(tmp_path / "empty")], "default")


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LIST.encode())))
    assert [i.reference().file for i in read_files(["-"], "default")] == ["<stdin>", "<stdin>"]
