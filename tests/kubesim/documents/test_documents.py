"""YAML and JSON are read as the real kubectl reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kubesim import Document, DocumentError, read_documents
from tests.kubesim.documents.kubectl import HEAD, kubectl, numbers

VALUES = """
    y Y n N yes on off ON oN true TRUE tRUE ~ null nULL = << 12:30 -1:30 1:2:3 1e3 1E5 1e 1e400 .e1
    ._5 .5_0 +.5 -.5e1 1.e3 0o17 0O17 0o9 0b1 0B1 -0b11 +0b1 0b-1 0b2 0777 08 09.5 0_8 0x1F 0x_
    0xFFFFFFFFFFFFFFFFFF 0x1p4 1_000 1_ _1 +_1 1_000.5 9223372036854775807 9223372036854775808
    18446744073709551616 -9223372036854775809 4611686018427387904.0 1e20 1e21 1e-7 -0 -0.0
    2001-01-01 2001-01-01T00:00:00Z inf nan .Infinity +inf !!str&x !foo&12 "y" '1e3' "\\0"
    "\\U0001F600" b#c @
""".split()  # noqa: SIM905 - a list of them would fill the screen
TAGGED = (
    "!!str 12",
    '!!int "12"',
    "!!float 1",
    "!!bool yes",
    "!!binary aGVsbG8=",
    "!foo bar",
    "!foo 12",
    "!foo {a: 1}",
    "!!set {x, y}",
    "!!python/object:os.system x",
    "!!timestamp 2001-01-01",
    "!!str ~",
    '!!null ""',
    "!!map x",
)
SHAPES = (
    "a: 1\na: 2",
    "a: &x {b: 1}\nc: {<<: *x, b: 2}",
    "a: &x {b: 1}\nc: {b: 2, <<: *x}",
    "c: {b: 4, <<: [{b: 1, e: 1}, {e: 2, f: 3}], <<: {f: 4}}",
    'c: {"<<": {a: 1}}',
    "a: &x\nb: *x\nc: &x 1\nd: *x",
    "1: a\n1.5: b\n1e3: c\n.inf: d\n2001-01-01: e\n08: f\ny: g\n1e20: h\n0.1: i\n1234567.5: j\n-0: k",
    "? |\n  foo\n: bar",
    "a: |+\n  b\n\n\nc: >-\n  d\n  e\n\n  f",
    "a: b\n...\nb: c",
    "e: {a: b,c: d,e:f}",
)
REFUSED = (
    "a: .inf",
    "a: !!int 1.5",
    "a: !!bool foo",
    "a: !!binary zzz",
    "~: a",
    "9223372036854775808: a",
    "[1]: a",
    "{a: 1}: a",
    "a: {{ .Values.a }}",
    "a: *nope",
    "a: &a [*a]",
    "c: {<<: 1}",
    "a: b: c",
    "a:\n  \tb: c",
    "a: @x",
    "a: \0",
    "a: \x07",
    "a: b\n--- {c: d}",
)
WHOLE = {
    "bom.yaml": ("\ufeff" + HEAD).encode(),
    "utf16.yaml": (HEAD + "---\n" + HEAD).encode("utf-16"),
    "latin1.yaml": (HEAD + "a: Müller\n").encode("latin-1"),
    "crlf.yaml": ("# c\n---\n---\n\n---\n" + HEAD + "--- # d\n" + HEAD).replace("\n", "\r\n").encode(),
    "empty.yaml": f"---\n{HEAD}...\n---\n# x\n---\n~\n---\nnull\n".encode(),
    "tabs.json": b'{"apiVersion":\t"v1",\n\t"kind": "A", "metadata": {"name": "a", "name": "b"}, "": "\\ud83d\\ude00"}',
    "joined.json": json.dumps({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}).encode() * 2,
    "mixed.json": b'{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}\n---\n' + HEAD.encode(),
    "flow.yaml": b"{apiVersion: v1, kind: A, metadata: {name: a}}",
}


def read(content: str | bytes) -> list[Any]:
    """The values of all documents."""
    found = list(read_documents(content))
    assert all(isinstance(one, Document) for one in found), found
    return [numbers(one.value) for one in found if isinstance(one, Document)]


def test_a_corpus_of_values_keys_and_encodings_means_what_it_means_to_kubectl(tmp_path: Path) -> None:
    """One process of kubectl is asked for all of it."""
    texts = ["values:\n" + "".join(f"- {value}\n" for value in (*VALUES[:-1], *TAGGED)), *SHAPES]
    contents = {f"{i}.yaml": (HEAD + text).encode() for i, text in enumerate(texts)} | WHOLE
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    said, complaints = kubectl(*(tmp_path / name for name in contents))
    assert complaints == ""
    assert [one for content in contents.values() for one in read(content)] == said


def test_what_kubectl_refuses_is_refused_and_hides_nothing_else(tmp_path: Path) -> None:
    """Each names a line."""
    for i, text in enumerate(REFUSED):
        (tmp_path / f"{i}.yaml").write_text(HEAD + text)
        found = [one for one in read_documents(HEAD + text + "\n---\n" + HEAD) if isinstance(one, DocumentError)]
        assert [one.line for one in found if one.line >= 4] or text == "c: {<<: 1}", (text, found)
    said, complaints = kubectl(*(tmp_path / f"{i}.yaml" for i in range(len(REFUSED))))
    assert len(said) <= 1, "one was read up to its separator"
    assert [i for i in range(len(REFUSED)) if f"/{i}.yaml" not in complaints and "separator" not in complaints] == []


# Pieces that make a scalar look like a number, and like another one.
PIECES = st.sampled_from(
    [
        *"0178_+-.eEyn~",
        "0x",
        "0o",
        "0b",
        "inf",
        "ff",
        "12:30",
        "2001-01-01",
        "e400",
        "9223372036854775808",
        "99999999999",
    ]
)
SCALARS = (
    st.lists(PIECES, min_size=1, max_size=5)
    .map("".join)
    .filter(lambda text: text not in ("-", "~", ".inf", "+.inf", "-.inf") and text[-1] != ":")
)


@given(st.lists(SCALARS, min_size=40, max_size=40))
@settings(
    max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
def test_any_scalar_means_what_it_means_to_kubectl(
    tmp_path_factory: pytest.TempPathFactory, scalars: list[str]
) -> None:
    """Generated ones, many for a process; both refuse what is infinite, which is among those above."""
    file = tmp_path_factory.mktemp("scalars") / "a.yaml"
    content = HEAD + "".join(f"v{i}: {scalar}\n" for i, scalar in enumerate(scalars))
    file.write_text(content)
    said, complaints = kubectl(file)
    assert (read(content), complaints) == (said, "")


def test_aliases_that_explode_and_values_too_deep_are_refused() -> None:
    """With the line; kubectl refuses them with limits of its own."""
    rows = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9))]
    (bomb,) = read_documents("\n".join(rows))
    assert isinstance(bomb, DocumentError)
    assert "more than 1000000 values" in str(bomb)
    for deep in ("[" * 100_000, "- " * 100_000, "{a: " * 990 + "1" + "}" * 990):
        (found,) = read_documents(deep)
        assert isinstance(found, DocumentError), deep[:8]


def test_lines_are_those_of_the_file_in_each_of_its_documents() -> None:
    """Marks count from a document's first line; JSON after JSON has lines too."""
    found = list(read_documents('{"a": 1}\n\n{"a":\n1}\n---\nb: 1\n---\nc: [1\n---\nd: 1\n'))
    assert [one.first_line if isinstance(one, Document) else -one.line for one in found] == [0, 2, 5, -8, 9]
