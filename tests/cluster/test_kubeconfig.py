"""Kubeconfigs lead where they lead kubectl: the real one is asked about each case."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chaos.cluster.kubeconfig import read_kubeconfig
from chaos.errors import UsageError

KUBECTL = Path(sys.executable).with_name("kubectl")
needs_kubectl = pytest.mark.skipif(not KUBECTL.exists(), reason="kubectl is not installed beside Python")

FILES = {
    "a": """
apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "https://a"}}, {name: e, cluster: {server: "https://e"}}]
users: [{name: u, user: {token: secret-a}}]
contexts: [{name: one, context: {cluster: c, user: u}}]
""",
    "b": """
current-context: two
clusters: [{name: c, cluster: {server: "https://b", proxy-url: "http://p"}}, {name: d, cluster: {server: "https://d"}}]
users: [{name: u, user: {username: name, password: word}}]
contexts:
- {name: one, context: {cluster: d, user: u, namespace: of-b}}
- {name: two, context: {cluster: c, user: u}}
- {name: three, context: {cluster: d, user: u, namespace: of-b}}
""",
    "only-contexts": "contexts: [{name: one, context: {cluster: e, user: u}}]",
    "json": '{\n\t"contexts": [{"name": "j", "context": {"cluster": "j"}}],\n'
    '\t"clusters": [{"name": "j", "cluster": {"server": "https://j"}}]\n}',
    "empty": "",
    "comment": "# nothing\n",
    "null": "null\n",
    "no-lists": "clusters: null\nusers: null\n",
    "halves": "contexts: [{name: k, context: null}, {name: l}]\nusers: [{name: u}]\n",
    "two-documents": "clusters: [{name: c, cluster: {server: x}}]\n---\nclusters: [{name: c, cluster: {server: y}}]\n",
    "a-date": 'clusters: [{name: 2026-01-01, cluster: {server: "https://date"}}]\n'
    "contexts: [{name: 2026-01-02, context: {cluster: 2026-01-01}}]\n",
    "keys-twice": "clusters: [{name: c, cluster: {server: x, server: z}}]\n"
    "contexts: [{name: c, context: {cluster: c}}]\n",
    "capitals": "Clusters: [{name: c, cluster: {server: x}}]\ncontexts: [{name: c, context: {Cluster: c}}]\n",
    "aliases": "clusters: [&c {name: c, cluster: {server: x}}, {<<: *c, name: d}]\n"
    "contexts: [{name: d, context: {cluster: d}}]\n",
    "names-twice": 'clusters: [{name: c, cluster: {server: "x"}}, {name: c, cluster: {server: "z"}}]\n',
    "a-number": "clusters: [{name: 5, cluster: {server: x}}]\n",
    "a-truth": "contexts: [{name: y, context: {cluster: c}}]\n",
    "a-servers-number": "clusters: [{name: c, cluster: {server: 5}}]\n",
    "no-list": "clusters: {c: {server: x}}\n",
    "a-list": "[]",
    "text": "hello",
    "a-pod": "apiVersion: v1\nkind: Pod\n",
    "a-version": "apiVersion: v2\nkind: Config\n",
    "broken": "users: [{name: u, user: {token: secret-token\n",
    "broken-alias": "users: [{name: u, user: {token: *secret-token }}]\n",
}
CASES = [
    ["a"], ["b"], ["a", "b"], ["b", "a"], ["", "a"], ["", "", "b", "", "a"], ["a", "a", "b"], ["missing", "a"],
    ["a", "missing", "b"], ["only-contexts", "a"], ["a", "only-contexts"], ["json", "a"], ["empty", "a"],
    ["comment", "null", "no-lists", "b"], ["halves"], ["two-documents"], ["a-date"], ["keys-twice"], ["capitals"],
    ["aliases"], ["names-twice"], ["a-number"], ["a-truth"], ["a-servers-number"], ["no-list"], ["a-list"], ["text"],
    ["a-pod"], ["a-version"], ["broken"], ["a", "broken"], ["broken-alias"], ["a", "folder"],
]  # fmt: skip
Meaning = dict[str, tuple[Any, Any, Any]]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with all of them, which is also the home."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "folder").mkdir()
    return tmp_path


def listed(folder: Path, names: list[str]) -> str:
    return os.pathsep.join(str(folder / name) if name else "" for name in names)


def kubectl(folder: Path, *words: str, **more: str) -> dict[str, Any] | None:
    """What it makes of them; None where it refuses."""
    done = subprocess.run(
        [KUBECTL, "config", "view", "-o", "json", *words],
        env={"HOME": str(folder), **more},
        capture_output=True,
        timeout=30,
        check=False,
    )
    return dict(json.loads(done.stdout)) if done.returncode == 0 else None


def meaning_of(view: dict[str, Any]) -> Meaning:
    """Cluster, user and namespace of each context whose cluster and user are there."""
    entries = {
        kind: {row["name"]: row[kind[:-1]] for row in view.get(kind) or []}
        for kind in ("clusters", "users", "contexts")
    }
    found = {}
    for name, context in entries["contexts"].items():
        cluster = entries["clusters"].get(context.get("cluster") or "")
        user = entries["users"].get(context.get("user") or "", {})
        if cluster is not None and (context.get("user") or "") in {"", *entries["users"]}:
            found[name] = (cluster, user, context.get("namespace"))
    return found


def ours() -> Meaning | None:
    """The same; None where it is refused."""
    try:
        found = read_kubeconfig(None)
    except UsageError:
        return None
    meaning: Meaning = {}
    for name in found.entries["contexts"]:
        try:
            only = found.only(name)
        except UsageError:
            continue
        meaning |= meaning_of(only)
    return meaning


@needs_kubectl
@pytest.mark.parametrize("names", CASES, ids=":".join)
def test_each_context_leads_where_it_leads_kubectl(
    files: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", listed(files, names))
    theirs = kubectl(files, "--raw", KUBECONFIG=listed(files, names))
    assert ours() == (None if theirs is None else meaning_of(theirs))


@needs_kubectl
def test_without_a_variable_the_one_at_home_is_read(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / ".kube").mkdir()
    (files / ".kube" / "config").write_text(FILES["b"])
    monkeypatch.setenv("HOME", str(files))
    for variable in ({}, {"KUBECONFIG": ""}):
        monkeypatch.delenv("KUBECONFIG", raising=False)
        for name, value in variable.items():
            monkeypatch.setenv(name, value)
        theirs = kubectl(files, "--raw", **variable)
        assert theirs is not None
        assert ours() == meaning_of(theirs)


@needs_kubectl
def test_paths_are_relative_to_the_file_that_they_stand_in(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's as well, whose file may be another one than the cluster's; kubectl embeds what it reads there."""
    for name, text in (
        ("clusters", 'clusters: [{name: c, cluster: {server: "https://x", certificate-authority: keys/ca}}]\n'),
        ("users", "users: [{name: u, user: {client-certificate: ../users/keys/cert, client-key: keys/key}}]\n"),
    ):
        (files / name / "keys").mkdir(parents=True)
        (files / name / "config").write_text(text + "contexts: [{name: x, context: {cluster: c, user: u}}]\n")
        for key in ("ca", "cert", "key"):
            (files / name / "keys" / key).write_text(f"{key} of {name}")
    monkeypatch.chdir(files)
    variable = os.pathsep.join(("clusters/config", "users/config"))
    monkeypatch.setenv("KUBECONFIG", variable)
    flat = subprocess.run(
        [KUBECTL, "config", "view", "--flatten", "--raw", "-o", "json"],
        env={"HOME": str(files), "KUBECONFIG": variable}, capture_output=True, check=True, timeout=30,
    )  # fmt: skip
    theirs = json.loads(flat.stdout)
    cluster, user = theirs["clusters"][0]["cluster"], theirs["users"][0]["user"]
    found = read_kubeconfig(None).only("x")
    our_cluster, our_user = found["clusters"][0]["cluster"], found["users"][0]["user"]
    for path, embedded in (
        (our_cluster["certificate-authority"], cluster["certificate-authority-data"]),
        (our_user["client-certificate"], user["client-certificate-data"]),
        (our_user["client-key"], user["client-key-data"]),
    ):
        assert Path(path).is_absolute()
        assert Path(path).read_bytes() == base64.b64decode(embedded)


def test_a_login_program_with_a_path_is_relative_to_its_file_and_one_without_is_looked_up(files: Path) -> None:
    exec_of = "{apiVersion: client.authentication.k8s.io/v1, command: %s}"
    users = ", ".join(f"{{name: '{c}', user: {{exec: {exec_of % c}}}}}" for c in ("bin/login", "login", "/bin/login"))
    (files / "programs").write_text(f"users: [{users}]\n")
    entries = read_kubeconfig(files / "programs").entries["users"]
    assert [entry["exec"]["command"] for entry in entries.values()] == [f"{files}/bin/login", "login", "/bin/login"]


def test_one_that_is_named_is_the_only_one(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(files / "a"))
    assert read_kubeconfig(files / "b").only("one")["clusters"][0]["cluster"]["server"] == "https://d"
    with pytest.raises(UsageError, match="there is no kubeconfig at"):
        read_kubeconfig(files / "missing")


def test_what_is_wrong_is_told_with_the_file_and_without_what_stands_there(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "bytes").write_bytes(b"users: [{name: u, user: {token: secret\xff}}]")
    (files / "types").write_text("users: [{name: u, user: {token: [secret]}}]")
    os.mkfifo(files / "pipe")
    for name in ("broken", "broken-alias", "bytes", "types", "pipe", "folder"):
        monkeypatch.setenv("KUBECONFIG", listed(files, ["a", name]))
        with pytest.raises(UsageError) as caught:
            read_kubeconfig(None)
        assert f"the kubeconfig {files / name} cannot be used" in caught.value.message
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ("{cluster: nowhere}", "names the cluster 'nowhere', which is not there"),
        ("{user: u}", "names no cluster"),
        ("{cluster: c, user: nobody}", "names the user 'nobody', which is not there"),
        ("{cluster: serverless}", "cluster 'serverless' of the kubeconfig"),
        ("{cluster: c, user: another}", "acts as somebody else"),
    ],
)
def test_a_context_that_the_library_would_not_use_as_kubectl_does_is_refused(
    tmp_path: Path, context: str, message: str
) -> None:
    """It would go to localhost, or go on as nobody, or as the user himself."""
    path = tmp_path / "config"
    path.write_text(
        "clusters: [{name: c, cluster: {server: 'https://x'}}, {name: serverless, cluster: {}}]\n"
        "users: [{name: another, user: {token: t, as: admin}}]\n"
        f"contexts: [{{name: x, context: {context}}}]\n"
    )
    with pytest.raises(UsageError, match=message):
        read_kubeconfig(path).only("x")
