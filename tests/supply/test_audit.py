"""An audit that asked nobody says so, and is no success."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tools import audit


def done(dependencies: Any = None, *, said: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    text = "" if dependencies is None else json.dumps({"dependencies": dependencies, "fixes": []})
    return subprocess.CompletedProcess([], code, text, said)


FINE = {"name": "a", "version": "1.0", "vulns": []}
WEAK = {"name": "b", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}, {"id": "PYSEC-2"}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found"}


def test_all_asked_and_nothing_known_passes() -> None:
    assert audit.judge(done([FINE])) == (0, ["audited: 1 packages, no weakness is known"])


def test_each_weakness_is_told_with_the_version_that_mends_it() -> None:
    assert audit.judge(done([FINE, WEAK], code=1)) == (
        1,
        ["b 2.0: PYSEC-1, mended in 2.1", "b 2.0: PYSEC-2, mended in no version"],
    )


@pytest.mark.parametrize(
    "answer",
    [
        done(said="Traceback\nProxyError: no way out", code=1),
        done(said="ProxyError: no way out", code=0),
        done([], said="ProxyError: no way out"),
        subprocess.CompletedProcess([], 0, "[]", "ProxyError: no way out"),
    ],
)
def test_without_an_answer_it_is_not_audited_whatever_the_exit_code(answer: subprocess.CompletedProcess[str]) -> None:
    assert audit.judge(answer) == (
        4,
        ["NOT AUDITED: no feed of known weaknesses could be asked: ProxyError: no way out"],
    )


def test_a_package_that_the_feed_does_not_know_was_not_audited() -> None:
    assert audit.judge(done([FINE, SKIPPED])) == (4, ["NOT AUDITED: c: Dependency not found"])


def test_a_weakness_weighs_more_than_what_was_not_asked() -> None:
    code, lines = audit.judge(done([WEAK, SKIPPED], code=1))
    assert code == 1
    assert lines[-1] == "NOT AUDITED: c: Dependency not found"


def test_ci_shows_it_at_the_top_of_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(audit, "ask", lambda: done(said="no way out", code=1))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert audit.main() == 4
    assert capsys.readouterr().out.splitlines()[-1].startswith("::warning title=audit::NOT AUDITED: ")


def test_an_auditor_that_cannot_be_installed_audits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_run", lambda _words: done(said="connection refused", code=2))
    assert audit.judge(audit.ask())[0] == 4
