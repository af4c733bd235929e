"""Bad input: one clear message that names the object and the next step, the right exit code, no traceback."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from chaos.engine.manifests import read_manifest
from tests.commands import run_command
from tests.experiment.own_file import MANIFEST

UNAUTHORIZED = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 52\r\n\r\n"
    b'{"kind":"Status","reason":"Unauthorized","code":401}'
)


def chaos(*args: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run the tool as a user does, from a shell that is no terminal."""
    mine = {k: v for k, v in os.environ.items() if k not in ("CI", "KUBECONFIG")}
    done = run_command(*args, folder=cwd or Path.cwd(), environment={**mine, **(env or {})})
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def kubeconfig(folder: Path, server: str, **user: str) -> Path:
    """A kubeconfig with one context, `test`."""
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return path


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """The address of a server that says the same to everybody, and hangs up."""

    def serve() -> None:
        with suppress(OSError):  # how a socket says that it listens no more
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as beside:
        beside.submit(serve)
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)


def test_an_unknown_experiment_lists_the_known_ones() -> None:
    code, _, said = chaos("run", "identity", "--sandbox")
    assert code == 2
    assert "no experiment 'identity'" in said
    assert "identity-persistence" in said


def test_without_a_terminal_the_place_must_be_named() -> None:
    code, _, said = chaos("run", "identity-persistence")
    assert code == 2
    assert "--sandbox" in said
    assert "--context" in said


def test_two_places_exclude_each_other() -> None:
    code, _, said = chaos("run", "identity-persistence", "--sandbox", "--context", "x")
    assert code == 2
    assert "exclude each other" in said


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    code, _, said = chaos("run", "identity-persistence", "--context", "x", "--kubeconfig", str(gone))
    assert code == 2
    assert str(gone) in said


@pytest.mark.parametrize("text", ["{{{", "[]", "contexts: 5", "\x00\x01"])
def test_a_broken_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    code, _, said = chaos("run", "identity-persistence", "--context", "x", "--kubeconfig", str(path))
    assert code == 2
    assert str(path) in said


def test_an_unknown_context_lists_the_known_ones(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1")
    code, _, said = chaos("run", "identity-persistence", "--context", "other", "--kubeconfig", str(path))
    assert code == 2
    assert "'other'" in said
    assert "test" in said


def test_an_api_server_that_refuses_is_named(tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{sock.getsockname()[1]}"
    path = kubeconfig(tmp_path, server)
    code, _, said = chaos("run", "identity-persistence", "--context", "test", "--kubeconfig", str(path))
    assert code == 3
    assert server in said
    assert "cannot be reached" in said


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b"", "the connection to"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no Kubernetes API server"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/html\r\n\r\nhello", "no Kubernetes API server"),
        (UNAUTHORIZED, "credentials"),
    ],
)
def test_an_api_server_that_is_none_or_does_not_let_us_in_is_named(tmp_path: Path, reply: bytes, message: str) -> None:
    with answering(reply) as address:
        path = kubeconfig(tmp_path, address)
        code, _, said = chaos("run", "identity-persistence", "--context", "test", "--kubeconfig", str(path))
    assert code == 3
    assert message in said


def test_an_unwritable_reports_folder_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    code, _, said = chaos("run", "identity-persistence", "--sandbox", "--reports", str(blocked))
    assert code == 2
    assert str(blocked) in said


def test_an_experiment_file_that_raises_says_where(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = 1\nraise RuntimeError('oops')\n")
    code, _, said = chaos("run", str(path), "--sandbox")
    assert code == 2
    assert f"{path}, line 2 raises RuntimeError: oops" in said


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--trials", "0"), "--trials"),
        (("--until-precision", "half"), "--until-precision half is no percentage"),
        (("--until-precision", "nan"), "--until-precision nan is no percentage"),
        (("--until-precision", "0%"), "--until-precision 0% must be a whole percentage between 1% and 100%"),
        (("--until-precision", "10"), "--until-precision 10 must be"),
        (("--until-precision", "0.1", "--max-trials", "6"), "--max-trials 6 must lie between 7 and 500"),
        (("--until-precision", "10%", "--trials", "9"), "--trials and --until-precision exclude each other"),
        (("--max-trials", "9"), "--max-trials is for --until-precision"),
        (("--period", "10parsecs"), "10parsecs"),
        (("--model", "nothing=1"), "nothing"),
        (("--model", "dns_one_way=fast"), "NAME=LOW..HIGH"),
        (("--force", "--grace", "3"), "--force"),
        (("--cluster-domain", "foo..bar"), "--cluster-domain foo..bar"),
        (("--port", "99999"), "--port 99999"),
        (("--max-qps", "nan"), "--max-qps"),
        (("-n", "a/b"), "--namespace a/b"),
        (("--model", "dns_one_way=2..1"), "NAME=LOW..HIGH"),
        (("--model", "datagram_loss=2"), "is a probability"),
        (("--model", "kubelet_start=1000..1000"), "cannot start with --model kubelet_start=1000..1000"),
    ],
)
def test_impossible_options_are_named(args: tuple[str, ...], message: str) -> None:
    code, _, said = chaos("run", "identity-persistence", "--sandbox", *args)
    assert code == 2
    assert message in said


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        ("rolling-update", "--until-precision 10%: rolling-update does not honour it"),
        ("force-delete", "the experiment that does: identity-persistence"),
    ],
)
def test_a_precision_of_what_does_not_get_more_precise_is_refused(
    tmp_path: Path, experiment: str, message: str
) -> None:
    code, _, said = chaos("run", experiment, "--sandbox", "--until-precision", "10%", "--reports", str(tmp_path))
    assert code == 2
    assert message in said
    assert list(tmp_path.iterdir()) == []


OWN = '''"""Mine."""
from chaos.experiment import Experiment, Run, Workload

async def method(run: Run) -> None:
    await run.steady_state(within_s=60)

experiment = Experiment(
    name="mine", hypothesis="h", method=method, checkers=("steady-state",),
    workload=Workload(("m.yaml",), "web", "web", 80), probes=("dns",),
)
'''


def own(folder: Path, manifest: str | bytes, code: str = OWN) -> Path:
    """An experiment of one's own with that manifest."""
    (folder / "manifests").mkdir()
    (folder / "manifests" / "m.yaml").write_bytes(manifest if isinstance(manifest, bytes) else manifest.encode())
    path = folder / "mine.py"
    path.write_text(code)
    return path


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (MANIFEST.replace("replicas: 1", "replicas: three"), 'StatefulSet web): spec.replicas is "three"'),
        (MANIFEST.replace("replicas: 1", "replicas: 99999999999"), "from 0 to 10,000"),
        (MANIFEST.replace("{name: web}", "{name: web, labels: [1]}"), "metadata.labels is [1]"),
        (MANIFEST.replace("[{name: c, image: nginx}]", "5"), "spec.template.spec.containers is 5"),
        (MANIFEST.partition("spec:")[0], "has no spec"),
        (MANIFEST.replace("image: nginx", "image: 5"), "StatefulSet web is refused by the API server"),
        (MANIFEST + "---\nkind: [Pod]\napiVersion: v1\nmetadata: {name: x}\n", "document 3 of"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {day: .inf}\n", "JSON does not have"),
        ("apiVersion: v1\nkind: Foo\nmetadata: {name: x}\n", "is a Foo"),
        ("a: [", "cannot be read"),
        ("[" * 1000, "cannot be read"),
        (b"a: \xff", "is no Kubernetes object"),
        (b"a: \x00", "cannot be read"),
        ("", "define no StatefulSet web"),
    ],
)
def test_a_wrong_manifest_of_ones_own_is_named_with_its_document_and_field(
    tmp_path: Path, manifest: str | bytes, message: str
) -> None:
    code, _, said = chaos("run", str(own(tmp_path, manifest)), "--sandbox", cwd=tmp_path)
    assert code == 2
    assert message in said
    assert "defect" not in said


def test_a_key_that_is_no_text_becomes_one_as_kubectl_makes_it(tmp_path: Path) -> None:
    manifest = tmp_path / "m.yaml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {5: a}\n")
    (read,) = read_manifest(manifest, "ns")
    assert read["data"] == {"5": "a"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('("steady-state",)', '"steady-state"', "checkers is 'steady-state', and must be a tuple"),
        ('("steady-state",)', "None", "checkers is None"),
        ('name="mine"', "name=5", "name is 5"),
        ('("m.yaml",)', '"m.yaml"', "workload is"),
        ('("dns",)', '("dns",), uses=("everything",)', "uses is"),
        ('("dns",)', '("dns",), uses=("frobnicate pods",)', "uses is"),
        ('hypothesis="h", ', "", "missing 1 required positional argument"),
        ("async def", "def", "line 5 raises SyntaxError"),
        ("await run.steady_state(within_s=60)", "raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    ],
)
def test_a_wrong_experiment_of_ones_own_is_named_with_its_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    code, _, said = chaos("run", str(own(tmp_path, MANIFEST, OWN.replace(old, new))), "--sandbox", cwd=tmp_path)
    assert code == 2
    assert message in said


@pytest.mark.parametrize("command", ["report", "check"])
def test_a_folder_that_is_no_run_is_named(tmp_path: Path, command: str) -> None:
    code, _, said = chaos(command, str(tmp_path))
    assert code == 2
    assert str(tmp_path) in said


def test_recover_without_any_journal_does_not_say_that_all_is_well(tmp_path: Path) -> None:
    for folder, words in ((tmp_path, "no run is kept in"), (tmp_path / "typo", "there is no folder")):
        code, _, said = chaos("recover", "--reports", str(folder))
        assert code == 2
        assert f"{words} {folder}" in said.replace("\n", " ")
        assert "no cluster was looked at" in said.replace("\n", " ")


def test_list_show_and_version_speak_json() -> None:
    for args in (("list",), ("show", "identity-persistence"), ("version",)):
        code, out, _ = chaos(*args, "-o", "json")
        assert code == 0
        assert json.loads(out)


def test_a_node_is_cut_off_only_with_the_command_that_joins_it_again() -> None:
    code, _, said = chaos("run", "node-loss", "--sandbox", "--cut-node", "true {node}")
    assert code == 2
    assert "--join-node" in said
    code, _, said = chaos("run", "node-loss", "--sandbox", "--cut-node", "true", "--join-node", "true")
    assert code == 2
    assert "{node}" in said
    code, _, said = chaos("run", "node-loss", "--sandbox", "--cut-node", "true {node}", "--join-node", "true {node}")
    assert code == 2
    assert "--cut-node … means nothing on the sandbox" in said
