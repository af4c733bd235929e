"""Files: what is read from them, with lines, and what is said about those that cannot be read."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from chaos.diagnose import Item, diagnose, read_files
from chaos.diagnose.files import parse
from chaos.diagnose.not_read import NotRead, Why
from chaos.errors import UsageError
from tests.diagnose.looking import MANIFESTS, keys, of_text

LIST = """apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: a}}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b, creationTimestamp: 2026-01-01T00:00:00Z}
"""
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: x}}"


def items(text: str) -> list[Item]:
    found = list(parse(text, "x.yaml", "default"))
    assert all(isinstance(one, Item) for one in found), found
    return [one for one in found if isinstance(one, Item)]


def not_read(text: str, file: str = "x.yaml") -> list[NotRead]:
    return [one for one in parse(text, file, "default") if isinstance(one, NotRead)]


def test_each_object_of_a_list_has_its_own_line() -> None:
    found = items(LIST)
    assert [(i.kind, i.name, i.namespace, i.reference().line) for i in found] == [
        ("Namespace", "a", "", 4),
        ("ConfigMap", "b", "default", 5),
    ]
    assert found[1].object["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_the_items_of_a_typed_list_are_of_its_kind() -> None:
    found = items("apiVersion: v1\nkind: PodList\nitems:\n- {metadata: {name: a}}\n")
    assert [(i.kind, i.object["apiVersion"], i.name) for i in found] == [("Pod", "v1", "a")]


def test_a_line_of_a_script_is_found_in_its_block_in_any_document() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    one\n    two\n"
    item = items(f"# a\n---\n{text}")[0]
    assert item.reference("data", "a", offset=1).line == 8
    assert item.reference("data", "none").line == 5


def test_json_is_read_with_its_tabs() -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}, indent="\t")
    assert [(i.name, i.reference("metadata", "name").line) for i in items(text)] == [("a", 5)]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1\nb: 2", 2, "this is no YAML"),
        ("a: b\n\tc: d", 2, "this is no YAML"),
        ("- 1", 1, "this document is no Kubernetes object"),
        (f"{SERVICE}\n---\nb: 1", 3, "this document is no Kubernetes object"),
        ("&a [*a]", 1, "a value contains itself"),
        ("apiVersion: v1\nkind: A\nx: {[1]: 2}", 3, "is the key of a mapping"),
        ("apiVersion: v1\nkind: List\nitems:\n- 5", 4, "this document is no Kubernetes object"),
    ],
)
def test_what_is_no_manifest_is_told_with_its_line_and_hides_nothing(text: str, line: int, message: str) -> None:
    (found,) = not_read(f"{text}\n---\n{SERVICE}")
    assert (found.why, found.line, message in found.what) == (Why.BROKEN, line, True), found
    assert len(list(parse(f"{text}\n---\n{SERVICE}", "x.yaml", ""))) == 2 + (SERVICE in text)


def test_a_file_that_is_not_there_and_one_that_is_no_text(tmp_path: Path) -> None:
    binary = tmp_path / "b"
    binary.write_bytes(b"\x7fELF\x00")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_files([str(tmp_path / "none")], "default")
    assert ["control character" in row.what for row in read_files([str(binary)], "default").not_read] == [True]


def test_a_folder_stands_for_the_manifests_in_it(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "notes.md"):
        (tmp_path / name).write_text(SERVICE)
    found = read_files([str(tmp_path)], "default").items
    assert [Path(i.reference().file).name for i in found] == ["a.json", "b.yaml"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is a folder without"):
        read_files([str(tmp_path / "empty")], "default")


def test_what_is_for_other_programs_is_no_fault(tmp_path: Path) -> None:
    """A kustomization, its patches, a chart's description and its values; a wrong manifest still is one."""
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\npatches: [{path: patch.yaml}]\n")
    (tmp_path / "patch.yaml").write_text("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\n")
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: web\n")
    (tmp_path / "compose.yml").write_text("services: {}\n")
    (tmp_path / "a.yaml").write_text(SERVICE)
    (tmp_path / "wrong.yaml").write_text("apiVersion: v1\nmetadata: {name: x}\n")
    found = read_files([str(tmp_path)], "default")
    assert [item.kind for item in found.items] == ["Service"]
    assert {Path(row.file).name: row.why for row in found.not_read} == {
        "kustomization.yaml": Why.NO_MANIFEST,
        "patch.yaml": Why.NO_MANIFEST,
        "values.yaml": Why.NO_MANIFEST,
        "Chart.yaml": Why.NO_MANIFEST,
        "compose.yml": Why.NO_MANIFEST,
        "wrong.yaml": Why.BROKEN,
    }
    assert not diagnose(read_files([str(tmp_path / "values.yaml")], "default")).is_wrong(), "a commit hook names it"


def test_templates_are_said_to_be_templates(tmp_path: Path) -> None:
    """Whether they are YAML or not; braces in a script or in a comment make none."""
    texts = [
        "{{- if .Values.a }}\napiVersion: v1\n{{- end }}",
        "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Release.Name }} }",
        'apiVersion: v1\nkind: Service\nmetadata: {name: "{{ .Release.Name }}"}',
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  {% if a %}\n",
    ]
    assert [row.why for text in texts for row in not_read(text)] == [Why.TEMPLATE] * 4
    assert "helm template CHART | chaos diagnose -f -" in not_read(texts[0])[0].fix
    assert "helm" not in not_read(texts[3])[0].fix
    assert items('# {{ x }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: "{{ .Values.a }}"}')
    assert not_read("# {{ x }}\na: [1")[0].why is Why.BROKEN


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LIST.encode())))
    assert [i.reference().file for i in read_files(["-"], "default").items] == ["<stdin>", "<stdin>"]


def test_the_output_of_kubectl_get_goes_in_as_it_is() -> None:
    """What only the server writes is passed over."""
    manifest = (MANIFESTS / "web.yaml").read_text()
    of_server = {
        "uid": "0b1",
        "resourceVersion": "17",
        "generation": 2,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {}}}],
    }
    rows = [one.object for one in items(manifest)]
    for row in rows:
        row["metadata"] |= of_server | {"namespace": "shop"}
        row["status"] = (
            {"replicas": 3, "observedGeneration": 2} if row["kind"] == "StatefulSet" else {"loadBalancer": {}}
        )
    text = json.dumps({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": rows})
    assert keys(of_text(text)) == keys(of_text(manifest))


def test_a_definition_may_stand_behind_its_objects() -> None:
    """Objects of a kind that is defined nowhere are not judged."""
    names = "{group: x.io, names: {kind: Db, plural: dbs}, scope: Namespaced"
    versions = "versions: [{name: v1, served: true, storage: true"
    schema = "schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}"
    own = "apiVersion: x.io/v1\nkind: Db\nmetadata: {name: a}\n"
    definition = (
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: dbs.x.io}\n"
        f"spec: {names}, {versions}, {schema}\n"
    )
    assert keys(of_text(own + definition)) == []
    assert [row.check for row in of_text(own).not_checked if "Db (x.io/v1)" in row.why] == ["manifest-refused"]
    assert not [row for row in of_text(own + definition).not_checked if "Db (x.io/v1)" in row.why]


def test_a_key_that_is_written_twice_is_told_with_both_lines() -> None:
    """Kubectl takes the last one silently; in one with the same value nothing is lost."""
    found = of_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndata: {c: d}\n")
    assert [(f.severity.value, f.check, f.object.line, f.evidence) for f in found.findings] == [
        ("warning", "repeated-key", 5, ("lines 4 and 5",))
    ]
    found = of_text("apiVersion: v1\nkind: ConfigMap\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert keys(found) == [("note", "repeated-key", "ConfigMap/a")]
