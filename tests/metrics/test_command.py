"""`chaos run` with metrics, as a program."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.commands import run_command
from tests.metrics.stand_in import StandIn

ROOT = Path(__file__).parent.parent.parent


def chaos(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_command(*args, folder=cwd, environment={**os.environ, **environment})


RUN = ("run", "identity-persistence", "--sandbox", "--trials", "1", "--grace", "1")


def test_a_run_leaves_its_figures_where_they_were_asked_for(tmp_path: Path, stand_in: StandIn) -> None:
    args = (*RUN, "--metrics-textfile", "chaos.prom", "--metrics-otlp", "--metrics-job", "cluster-a")
    more = ("--metrics-listen", "127.0.0.1:0", "--metrics-pushgateway", stand_in.url)
    done = chaos(*args, *more, cwd=tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=stand_in.url)
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    assert 'chaos_run_exit_code{experiment="identity-persistence"' in (tmp_path / "chaos.prom").read_text()
    assert [heard.method for heard in stand_in.heard] == ["PUT", "PUT", "POST"]
    assert "/job/cluster-a/" in stand_in.heard[0].path


def test_an_export_that_fails_is_a_warning_and_the_exit_code_stays(tmp_path: Path, stand_in: StandIn) -> None:
    stand_in.status = 500
    done = chaos(*RUN, "--metrics-pushgateway", stand_in.url, cwd=tmp_path)
    assert done.returncode == 0
    assert f"warning: metrics were not pushed to {stand_in.url}: 500 Internal Server Error" in done.stderr


def test_a_run_that_cannot_begin_says_so_in_the_metrics(tmp_path: Path, stand_in: StandIn) -> None:
    done = chaos(*RUN, "--namespace", "nowhere", "--metrics-pushgateway", stand_in.url, cwd=tmp_path)
    assert done.returncode == 3
    (heard,) = stand_in.heard
    assert "/k8s_namespace_name/nowhere/" in heard.path
    assert re.search(r"^chaos_run_exit_code\{.*\} 3.0$", heard.body.decode(), re.MULTILINE)


def test_an_option_that_cannot_work_ends_the_command_before_the_run(tmp_path: Path) -> None:
    done = chaos(*RUN, "--metrics-textfile", "chaos.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert "does not end in .prom" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_the_document_names_options_that_exist_and_all_of_them() -> None:
    said = chaos("run", "--help", cwd=ROOT, COLUMNS="200", TERM="dumb").stdout
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    documented, existing = (set(re.findall(r"--metrics-[a-z]+", t)) for t in (text, said))
    assert documented == existing
    assert len(existing) == 6
