"""`chaos doctor` without a cluster, and with one that is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.commands import run_command


def doctor(*arguments: str) -> tuple[int, dict[str, Any], str]:
    done = run_command("doctor", "-o", "json", *arguments)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_without_a_cluster_it_says_what_it_could_not_look_at() -> None:
    code, document, _ = doctor()
    assert code == 0
    by_what = {finding["what"]: finding for finding in document["findings"]}
    assert by_what["cluster"]["status"] == "unknown"
    assert "--context" in by_what["cluster"]["advice"]
    assert "dnspython" in by_what["versions"]["found"]


def test_a_cluster_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    code, document, _ = doctor("--context", "x", "--kubeconfig", str(path))
    assert code == 3
    assert document["exit_code"] == 3
    problem = document["findings"][-1]
    assert problem["status"] == "problem"
    assert "127.0.0.1:9" in problem["found"]


def test_a_kubeconfig_alone_names_no_cluster(tmp_path: Path) -> None:
    code, _, said = doctor("--kubeconfig", str(tmp_path / "x"))
    assert code == 2
    assert "--context" in said
