"""Experiment files: what is wrong with one is said before anything is touched."""

from pathlib import Path

import pytest

from chaos.errors import UsageError
from chaos.experiment import find_experiment, load_experiments
from chaos.experiment.judging import _shipped
from chaos.experiment.loading import load_file

GOOD = '''"""One line."""
from chaos.experiment import Experiment, Run, Workload

async def method(run: Run) -> None:
    """Nothing."""

experiment = Experiment(
    name="mine", hypothesis="h", workload=Workload(("w.yaml",), "web", "web", 80), probes=("dns",),
    checkers=("steady-state",), questions=("dns-update",), blast_radius=1, timeout_s=10, method=method,
)
'''


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text)
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / "w.yaml").write_text("{}")
    return path


def test_the_shipped_experiments_load_and_have_a_summary() -> None:
    experiments = load_experiments()
    assert "identity-persistence" in [e.name for e in experiments]
    assert all(e.summary for e in experiments)


def test_a_users_own_file_loads_by_its_path(tmp_path: Path) -> None:
    experiment = find_experiment(str(write(tmp_path, GOOD)))
    experiment.validate()
    assert (experiment.name, experiment.summary) == ("mine", "One line.")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no experiment 'identity'") as caught:
        find_experiment("identity")
    assert "identity-persistence" in caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no experiment file .*gone\.py"):
        load_file(tmp_path / "gone.py")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nothing_like_it\n", "line 1 raises ModuleNotFoundError"),
        ("x = 1\ny = x / 0\n", "line 2 raises ZeroDivisionError"),
        ("def broken(:\n", "line 1 raises SyntaxError"),
        ("x = 1\n", "defines no `experiment"),
        (GOOD.replace('hypothesis="h", ', ""), "missing 1 required positional argument: 'hypothesis'"),
    ],
)
def test_a_file_that_raises_or_lacks_a_field_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_file(write(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('checkers=("steady-state",)', 'checkers=("nope",)', "checker 'nope' that does not exist"),
        ('checkers=("steady-state",)', "checkers=()", "no checkers, so it could never fail"),
        ('questions=("dns-update",)', 'questions=("nope",)', "question 'nope'"),
        ('probes=("dns",)', 'probes=("icmp",)', "probe 'icmp'"),
        ("blast_radius=1", "blast_radius=0", "must be a positive"),
        ("blast_radius=1", 'blast_radius="1"', "must be a positive"),
        ('name="mine"', 'name="../mine"', "cannot be used"),
        ('name="mine"', 'name="my experiment"', "cannot be used"),
        ("async def method", "def method", "must be an `async def`"),
        ('("w.yaml",)', '("gone.yaml",)', "'gone.yaml'"),
    ],
)
def test_a_definition_that_cannot_work_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    experiment = load_file(write(tmp_path, GOOD.replace(old, new)))
    with pytest.raises(UsageError, match=message):
        experiment.validate()


@pytest.mark.parametrize("name", ["planted.py", "./planted.py", "planted", "identity_persistence.py"])
def test_a_run_that_names_a_file_of_the_folder_gets_nothing_of_it_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever sends somebody a run may put a file beside it; `chaos report --redact` judges it there."""
    for file in ("planted.py", "identity_persistence.py"):
        (tmp_path / file).write_text("raise SystemExit('executed')\n")
    monkeypatch.chdir(tmp_path)
    assert _shipped(name) is None
    assert _shipped("identity-persistence") is not None
