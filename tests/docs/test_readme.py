"""What the documents say is what the tool does."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.commands import run_command
from tools.update_readme import DOCUMENTS, replace_part, updated

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_WORDS = 900
PAGES = ("README.md", "docs/experiments.md", "docs/own-cluster.md", "docs/sandbox.md")
_COMMAND = re.compile(r"^ {4,}(chaos .*)$", re.MULTILINE)
COMMANDS = [line.strip() for page in PAGES for line in _COMMAND.findall((ROOT / page).read_text(encoding="utf-8"))]
FORCED = next(command for command in COMMANDS if "--force" in command)
LINKING = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *(ROOT / f"{name}/README.md" for name in ("kind", "kubesim", "reports")),
]


def chaos(args: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_command(*args, folder=cwd)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_quotes_its_example_runs_to_the_letter(document: str) -> None:
    """`python tools/update_readme.py` puts it right."""
    text = (ROOT / document).read_text(encoding="utf-8")
    assert updated(document, text) == text


def test_a_block_that_a_document_lost_is_missed() -> None:
    with pytest.raises(ValueError, match="0 blocks 'findings'"):
        replace_part("no comment at all", "findings", "text")


def test_the_readme_is_one_page() -> None:
    """Words as `wc -w` counts them; what is more goes to docs/."""
    assert len(README.split()) <= MOST_WORDS


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if "--context" not in c and c not in ("chaos sandbox", FORCED)]
)
def test_every_command_of_the_documents_does_what_it_says(command: str, tmp_path: Path) -> None:
    done = chaos(shlex.split(command)[1:], tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_forced_deletion_of_the_readme_fails_and_shows_two_pods(tmp_path: Path) -> None:
    done = chaos(shlex.split(FORCED)[1:], tmp_path)
    assert done.returncode == 1, done.stderr
    assert "FAILED (simulated): 1 of 6 checks (single-identity): trial 1: two pods served as web-0" in done.stdout


@pytest.mark.parametrize("command", [c for c in COMMANDS if "--context" in c])
def test_commands_for_a_real_cluster_name_options_that_exist(command: str, tmp_path: Path) -> None:
    words = [word.lower() if word == "NS" else word for word in shlex.split(command)[1:]]
    done = chaos([*words, "--kubeconfig", "no-such-file"], tmp_path)
    assert done.returncode == 2
    assert "there is no kubeconfig at no-such-file" in done.stderr


def test_the_commands_were_found() -> None:
    assert len(COMMANDS) >= 12


@pytest.mark.parametrize("example", ["sandbox", "real", "laptop"])
def test_the_example_runs_render_to_what_is_committed(example: str, tmp_path: Path) -> None:
    """Reports are functions of the history: the same command today gives the same bytes."""
    source = ROOT / "reports" / "examples" / example
    folder = tmp_path / example
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    assert chaos(["report", "--anew", str(folder)], tmp_path).returncode == 0
    for name in ("run.json", "recoveries.csv", "summary.csv", "timeline.svg", "report.md"):
        assert (folder / name).read_text() == (source / name).read_text(), name


def test_only_the_simulated_example_says_that_it_is() -> None:
    first = {e: (ROOT / "reports/examples" / e / "report.md").read_text().splitlines()[0] for e in ("sandbox", "real")}
    assert "(simulated): " in first["sandbox"]
    assert "imulated" not in first["real"]
