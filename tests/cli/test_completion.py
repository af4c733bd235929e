"""What the shell offers after TAB, asked as the scripts ask that typer installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.cli.commands import NAMES
from chaos.cli.listing import shipped
from tests.commands import ROOT, run_command

EXPERIMENTS = [one.name for one in shipped()]


def in_bash(typed: str, folder: Path = ROOT) -> list[str]:
    asked = {"_CHAOS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = run_command(environment={**os.environ, **asked}, folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("chaos ", list(NAMES)),
        ("chaos r", ["run", "runs", "report", "recover"]),
        ("chaos run ", EXPERIMENTS),
        ("chaos run ident", ["identity-persistence"]),
        ("chaos run dns-basics ident", ["identity-persistence"]),
        ("chaos show node-", ["node-drain", "node-loss"]),
        ("chaos runs identity", ["identity-persistence"]),
        ("chaos runs pru", ["prune"]),
        ("chaos runs prune --o", ["--older-than"]),
        ("chaos run --vantage ", ["auto", "local", "agent", "both"]),
        ("chaos list -o j", ["json"]),
        ("chaos report --f", ["--full"]),
        ("chaos manifests n", ["namespace", "networkpolicy"]),
        ("chaos run --context ", []),
    ],
)
def test_what_is_offered(typed: str, offered: list[str]) -> None:
    assert in_bash(typed) == offered


@pytest.mark.parametrize("command", ["report", "check", "recover"])
def test_runs_are_offered_by_their_folders(tmp_path: Path, command: str) -> None:
    for name in ("dns-basics/1", "dns-basics/2", "node-loss/3"):
        (tmp_path / "reports" / name).mkdir(parents=True)
        (tmp_path / "reports" / name / "run.json").write_text("{}")
    (tmp_path / "reports" / "overview" / "4").mkdir(parents=True)
    assert in_bash(f"chaos {command} reports/dns", tmp_path) == ["reports/dns-basics/1", "reports/dns-basics/2"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_help_stands_beside_commands_and_options_whole_and_on_one_line(shell: str) -> None:
    """Other shells show it; each candidate is a line, so that help which breaks would be one more."""
    asked = {"_CHAOS_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    commands = run_command(environment={**os.environ, **asked, "_TYPER_COMPLETE_ARGS": "chaos "}).stdout
    assert len(commands.splitlines()) == len(NAMES)
    assert "List past runs, the newest last" in commands
    options = run_command(environment={**os.environ, **asked, "_TYPER_COMPLETE_ARGS": "chaos run --prof"}).stdout
    assert "Options from [profile.NAME] of ./chaos.toml" in options


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_offers_it_with_the_script_that_is_installed(tmp_path: Path) -> None:
    program = tmp_path / "chaos"
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom chaos.cli.main import main\nsys.exit(main())\n")
    program.chmod(0o755)
    home = {"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **home}
    typed = "COMP_WORDS=(chaos run ident); COMP_CWORD=2; _chaos_completion chaos; echo ${COMPREPLY[@]}"
    script = f"chaos --install-completion > installed; . .bash_completions/chaos.sh; {typed}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["identity-persistence"]
