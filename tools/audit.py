"""Asks pip-audit for known weaknesses of what requirements.lock names.

Exit code 0: it was asked for all, and none is known. 1: some are, by name. 4: not audited, or not all of it, since
there was no feed to ask. That is told as such and never passes as a 0.

python -m tools.audit
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.installed import ROOT

NONE_KNOWN, KNOWN, NOT_AUDITED = 0, 1, 4
LOCK = ROOT / "requirements.lock"
# An environment of its own: it brings another pip, and what it needs is nothing of ours.
HOME = ROOT / "build" / "audit"
_WITHIN_S = 600


def ask() -> subprocess.CompletedProcess[str]:
    """Install the auditor, as its lock has it, and have it asked."""
    uv = [str(Path(sys.executable).with_name("uv")), "--quiet"]
    python = HOME / "bin" / "python"
    steps = (
        [*uv, "venv", "--allow-existing", "--python", sys.executable, str(HOME)],
        [*uv, "pip", "install", "--python", str(python), "--require-hashes", "-r", str(ROOT / "locks" / "audit.lock")],
    )
    for step in steps:
        done = _run(step)
        if done.returncode:
            return done
    asked = ["--requirement", str(LOCK), "--require-hashes", "--disable-pip"]
    return _run([str(python), "-m", "pip_audit", *asked, "--format", "json", "--progress-spinner", "off"])


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=_WITHIN_S)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 1, "", f"no answer within {_WITHIN_S} s")


def judge(done: subprocess.CompletedProcess[str]) -> tuple[int, list[str]]:
    """The exit code, and what is to be told. Its own exit code says nothing: it is 1 for a weakness and for no feed."""
    rows = _rows(done.stdout)
    if not rows:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        return NOT_AUDITED, [f"NOT AUDITED: no feed of known weaknesses could be asked: {said[:300]}"]
    known = [f"{row['name']} {row['version']}: {_weakness(one)}" for row in rows for one in row.get("vulns") or ()]
    skipped = [f"NOT AUDITED: {row['name']}: {row['skip_reason']}" for row in rows if "skip_reason" in row]
    if known:
        return KNOWN, [*known, *skipped]
    if skipped:
        return NOT_AUDITED, skipped
    return NONE_KNOWN, [f"audited: {len(rows)} packages, no weakness is known"]


def _weakness(one: dict[str, Any]) -> str:
    mended = ", ".join(one.get("fix_versions") or ()) or "no version"
    return f"{one['id']}, mended in {mended}"


def _rows(text: str) -> list[dict[str, Any]]:
    """What was found of each package; empty where nothing was."""
    try:
        rows: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return rows


def main() -> int:
    """Ask, tell, and return the exit code."""
    code, lines = judge(ask())
    for line in lines:
        print(line)
    if code and os.environ.get("GITHUB_ACTIONS"):
        level = "error" if code == KNOWN else "warning"
        print(f"::{level} title=audit::{lines[0]}")
    return code


if __name__ == "__main__":
    sys.exit(main())
