"""`chaos cleanup` as a user calls it."""

from __future__ import annotations

from tests.commands import run_command


def test_a_cluster_is_never_guessed() -> None:
    done = run_command("cleanup", "--yes")
    assert done.returncode == 2
    assert "no cluster is named" in done.stderr
