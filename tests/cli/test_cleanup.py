"""`chaos cleanup` as a user calls it."""

from __future__ import annotations

import subprocess
import sys


def test_a_cluster_is_never_guessed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chaos", "cleanup", "--yes"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "no cluster is named" in done.stderr
