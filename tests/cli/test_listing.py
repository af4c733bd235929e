"""`chaos list` reads the experiments' files without loading them, and says what loading them says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.cli.listing import entry_of, shipped
from chaos.experiment import load_experiments
from tests.commands import run_command


def test_what_is_listed_is_what_loading_says() -> None:
    loaded = {
        one.name: (
            one.summary,
            tuple(need for need in one.needs if need != "real-cluster"),
            one.duration_s,
            "real-cluster" in one.needs,
        )
        for one in load_experiments()
    }
    listed = {one.name: (one.summary, one.needs, one.duration_s, one.real_cluster_only) for one in shipped()}
    assert listed == loaded


def test_a_program_is_told_needs_durations_and_what_only_a_real_cluster_shows() -> None:
    found = {one["name"]: one for one in json.loads(run_command("list", "-o", "json").stdout)}
    assert found["cache-cluster"]["real_cluster_only"] is True
    assert found["node-loss"]["needs"] == ["nodes", "node-commands"]
    assert all(one["duration_s"] > 0 for one in found.values())


def test_elsewhere_than_at_a_terminal_each_experiment_is_a_whole_line() -> None:
    lines = run_command("list").stdout.splitlines()
    assert len(lines) == 1 + len(shipped())
    assert all(line.endswith(entry.summary) for line, entry in zip(lines[1:], shipped(), strict=True))


@pytest.mark.parametrize("text", ["", "x = 1\n", '"""A helper."""\nVALUE = 3\n'])
def test_a_file_without_an_experiment_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "helper.py"
    path.write_text(text)
    assert entry_of(path) is None
